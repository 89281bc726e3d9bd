"""Every fault this package can name: one base class, each leaf also a builtin, with a number.

A number is the same in the terminal, the journal, the page and the blink code listed in
hardware.md. ``cause`` says what and where; ``action`` says what the person should do.
"""

from __future__ import annotations

from typing import ClassVar


class LeukoscopeError(Exception):
    """Base of all faults raised on purpose.

    Attributes:
        number: Stable fault number such as ``E-CAM-03``.
        cause: What happened and where, one line.
        action: What to do about it, one line.
        exit_status: Exit status of a command stopped by it: 2 wrong usage or input, 1 failure.
    """

    number: ClassVar[str] = "E-GEN-00"
    default_action: ClassVar[str] = "Report this with the journal's last lines."
    exit_status: ClassVar[int] = 1

    def __init__(self, cause: str, action: str | None = None) -> None:
        self.cause = " ".join(cause.split())
        self.action = " ".join((action or self.default_action).split())
        super().__init__(self.cause)

    def __str__(self) -> str:
        return f"{self.number}: {self.cause} {self.action}"


class UsageFault(LeukoscopeError, ValueError):
    """A command was called with words or numbers it cannot take."""

    number = "E-USE-01"
    default_action = "See `leukoscope --help`."
    exit_status = 2


class SettingsFault(LeukoscopeError, ValueError):
    """The settings file cannot be read, or holds a wrong key or value."""

    number = "E-SET-01"
    default_action = "Mend the settings file, or remove it to use the defaults."
    exit_status = 2


class CameraMissing(LeukoscopeError, OSError):
    """No camera is there, or the library that drives it is not installed."""

    number = "E-CAM-01"
    default_action = "Check the camera cable; hardware.md says what must be installed."


class SourceUnknown(LeukoscopeError, ValueError):
    """The camera source given is of no known form."""

    number = "E-CAM-02"
    default_action = "Use picamera, v4l2:/dev/video0, replay:DIR, pan:PICTURE or phantom:KIND."
    exit_status = 2


class CameraLost(LeukoscopeError, OSError):
    """The camera stopped giving frames."""

    number = "E-CAM-03"
    default_action = "Unplug and replug the camera; the device starts again by itself."


class ColoursWrong(LeukoscopeError, ValueError):
    """The pictures have no colour, or red and blue are exchanged: no stain can be judged."""

    number = "E-CAM-04"
    default_action = "Set the camera to colour; where red and blue are exchanged, set their order."
    exit_status = 2


class NoPictures(LeukoscopeError, FileNotFoundError):
    """A folder to replay holds no picture that can be read, or does not exist."""

    number = "E-PIC-01"
    default_action = "Name a folder that holds PNG, JPEG, WebP or TIFF pictures."
    exit_status = 2


class PictureUnreadable(LeukoscopeError, ValueError):
    """A file is no picture, or is damaged."""

    number = "E-PIC-02"
    default_action = "Remove the file or replace it by a whole picture."
    exit_status = 2


class PictureUnusable(LeukoscopeError, ValueError):
    """A picture can be read but not be judged: too small, too large, or of an unknown kind."""

    number = "E-PIC-03"
    default_action = "Use an RGB picture of at least 32 x 32 pixels."
    exit_status = 2


class ScaleUnusable(LeukoscopeError, ValueError):
    """A scale in micrometres per pixel that no microscope has, or none that can be measured."""

    number = "E-SCA-01"
    default_action = "Give --um-per-px between 0.02 and 1.0, or leave it out to have it measured."
    exit_status = 2


class BundleMissing(LeukoscopeError, FileNotFoundError):
    """There is no model bundle where one was looked for."""

    number = "E-BUN-01"
    default_action = "Name a bundle folder with --model, or reinstall the package."
    exit_status = 2


class BundleRefused(LeukoscopeError, ValueError):
    """A bundle's description is damaged, incomplete, or of a newer form than this program knows."""

    number = "E-BUN-02"
    default_action = "Copy the bundle again from where it was made; update this program if it asks."
    exit_status = 2


class BundleAltered(LeukoscopeError, ValueError):
    """A file of the bundle is not the one the bundle was proven with (SHA-256 differs)."""

    number = "E-BUN-03"
    default_action = "Copy the bundle again; do not use this one."
    exit_status = 2


class GoldenTestFailed(LeukoscopeError, ArithmeticError):
    """This device does not reproduce the bundle's golden outputs."""

    number = "E-BUN-04"
    default_action = "Do not screen with this device; reinstall and report it."


class BundleUnsigned(LeukoscopeError, ValueError):
    """This device takes signed bundles only, and this one lacks its maker's signature."""

    number = "E-BUN-05"
    default_action = "Get the bundle from its maker again; do not use this one."
    exit_status = 2


class InterpreterMissing(LeukoscopeError, ImportError):
    """No working TFLite interpreter is installed."""

    number = "E-INT-01"
    default_action = "Install the extra `device`: pip install 'leukoscope[device]'."


class InferenceFailed(LeukoscopeError, RuntimeError):
    """The interpreter failed on a crop it should have judged."""

    number = "E-INT-02"
    default_action = "Restart the device; if it comes again, reinstall the bundle."


class StoreUnwritable(LeukoscopeError, OSError):
    """The data folder cannot be written: read-only, no permission, or not a folder."""

    number = "E-REC-01"
    default_action = "Make the data folder writable, or set LEUKOSCOPE_HOME to one that is."


class DiskFull(LeukoscopeError, OSError):
    """There is no space left to record a cell durably."""

    number = "E-REC-02"
    default_action = "Free space on the card; cells acknowledged so far are kept."


class StoreDamaged(LeukoscopeError, ValueError):
    """The database cannot be read, or its chain of hashes is broken."""

    number = "E-REC-03"
    default_action = "Keep the file for inspection and start with a new data folder."


class StoreTooNew(LeukoscopeError, ValueError):
    """The records were written by a newer program than this one."""

    number = "E-REC-04"
    default_action = "Update this program; the records are left as they are."


class RecordMissing(LeukoscopeError, LookupError):
    """An examination, a cell or a picture was asked for that is not on record."""

    number = "E-REC-05"
    default_action = "See the list: `leukoscope slides`."
    exit_status = 2


class ReviewOutdated(LeukoscopeError, ValueError):
    """Somebody else reviewed the same cell or examination meanwhile."""

    number = "E-REC-06"
    default_action = "Look at the newer call, and decide again; both are kept."
    exit_status = 2


class LampsMissing(LeukoscopeError, OSError):
    """The lamps cannot be driven: no GPIO, or its library is not installed."""

    number = "E-LMP-01"
    default_action = "Check the wiring in hardware.md and install the extra `pi`."


class LoopHung(LeukoscopeError, TimeoutError):
    """The screening loop stopped answering while the lamps showed something."""

    number = "E-RUN-01"
    default_action = "Restart the device; if it comes again, report the journal's last lines."


class AlreadyExamining(LeukoscopeError, RuntimeError):
    """An examination was to be started while another one goes on."""

    number = "E-RUN-02"
    default_action = "End the examination that is going on first."


class ExaminationBroke(LeukoscopeError, RuntimeError):
    """An examination was stopped by an error that nobody foresaw."""

    number = "E-RUN-03"
    default_action = "Start the examination again; report the journal's last lines."


class ServiceDown(LeukoscopeError, RuntimeError):
    """The boot service does not run."""

    number = "E-RUN-04"
    default_action = "Switch off and on; if it comes again, report `journalctl -u leukoscope`."


class ControlNotPassed(LeukoscopeError, ArithmeticError):
    """The control slide was not found to be what it is known to be."""

    number = "E-RUN-05"
    default_action = "Clean the optics, check focus, light and stain; run the control again."


class PageUnreachable(LeukoscopeError, OSError):
    """The page cannot be offered at its address: the port is taken or not allowed."""

    number = "E-WEB-01"
    default_action = "Choose another port with --port, or end the program that uses it."


class PageMissing(LeukoscopeError, ImportError):
    """The packages that the page needs are not installed."""

    number = "E-WEB-02"
    default_action = "Install the extra `device`: pip install 'leukoscope[device]'."


class PinRefused(LeukoscopeError, ValueError):
    """A PIN that anybody could guess, or that cannot be typed."""

    number = "E-WEB-03"
    default_action = "Use 6 to 64 characters; not one repeated, no 123456."
    exit_status = 2


class PinsDamaged(LeukoscopeError, ValueError):
    """The file of PINs cannot be read: nobody is let in by guesswork."""

    number = "E-WEB-04"
    default_action = "Remove doors.json from the data folder and set the PINs again."


class BarcodeUnread(LeukoscopeError, ValueError):
    """A photograph shows no barcode that can be read."""

    number = "E-PIC-04"
    default_action = "Photograph the label again, near and sharp, or type the number."
    exit_status = 2


class ExportFull(LeukoscopeError, OSError):
    """There is no space for the dossier where it was to go."""

    number = "E-EXP-01"
    default_action = "Make space, or name another folder or stick."


class ExportUnwritable(LeukoscopeError, OSError):
    """The folder for the dossier is not there, was pulled out, or cannot be written."""

    number = "E-EXP-02"
    default_action = "Name a folder that is there and can be written; push the stick in firmly."


class ExportAltered(LeukoscopeError, ValueError):
    """A file of a dossier is not as it was exported."""

    number = "E-EXP-03"
    default_action = "Do not use it; export the examination again from the device."


class ManifestMissing(LeukoscopeError, ValueError):
    """Nothing at hand can prove a file: no manifest lists it and no record knows of it."""

    number = "E-EXP-04"
    default_action = "Put the manifest of the export beside it, or ask the device that made it."
    exit_status = 2


class DataMissing(LeukoscopeError, FileNotFoundError):
    """Labelled cells named for training, calibration or holdout are not there or hold none."""

    number = "E-DAT-01"
    default_action = "Name a zip or folder of LABEL/PICTURE files; see docs/convert.md."
    exit_status = 2


class WorkstationMissing(LeukoscopeError, ImportError):
    """A workstation command was called where its packages are not installed."""

    number = "E-USE-02"
    default_action = "Install the extra: pip install 'leukoscope[train]', or make test."
    exit_status = 2


class ConversionRefused(LeukoscopeError, ValueError):
    """A network cannot be converted as it is."""

    number = "E-CNV-01"
    default_action = "Mend the network or its description; nothing was written."
    exit_status = 2


class GateFailed(LeukoscopeError, ArithmeticError):
    """The quantized network does not hold what the float one promised."""

    number = "E-CNV-02"
    default_action = "Nothing was written; see the figures above."


def all_faults() -> list[type[LeukoscopeError]]:
    """Every leaf fault, ordered by number; hardware.md and its test list exactly these."""

    def leaves(cls: type[LeukoscopeError]) -> list[type[LeukoscopeError]]:
        children = cls.__subclasses__()
        return [cls] if not children else [leaf for c in children for leaf in leaves(c)]

    return sorted(leaves(LeukoscopeError), key=lambda fault: fault.number)
