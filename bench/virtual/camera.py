"""A chapter on a USB camera: the kernel's own stand-in for one, vivid, behind real V4L2 calls."""

from __future__ import annotations

import json

from bench.virtual.story import PATIENCE_S, Story
from bench.virtual.wires import Failed

_DRIVER = "/sys/bus/platform/drivers/vivid"
_SOURCE = "v4l2:/dev/video0?size=640x360"
_PYTHON = "/opt/leukoscope/current/bin/python"
# Eight bars at 75% of full brightness, as vivid shows them: R, G, B.
_BARS = [(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0)]
_BRIGHT = 191
_TOLERANCE = 4
"""Steps of 255 by which a colour may differ, after YUYV in eight bits."""

_LOOK = f"""
import json
from edge.camera.source import open_camera
with open_camera("{_SOURCE}") as camera:
    rgb = next(iter(camera.frames())).rgb
width = rgb.shape[1]
# Vivid writes words into the upper half.
print(json.dumps([rgb[250, (2 * n + 1) * width // 16].tolist() for n in range(8)]))
"""
# VIDIOC_S_CTRL of vivid's own controls: the pattern (6: white), words in the picture (2: none).
_WHITE = f"""
until [ -e /dev/video0 ]; do sleep 0.05; done
{_PYTHON} - <<'END'
import fcntl, struct
with open("/dev/video0", "rb+", buffering=0) as node:
    for control, value in ((0xF0F000, 6), (0xF0F001, 2)):
        fcntl.ioctl(node, 0xC008561C, struct.pack("Ii", control, value))
END
"""


def usb_camera(story: Story) -> None:
    """Colours as they are; an empty stage counted; unplugged and plugged in while it is."""
    machine = story.machine
    # A webcam of one node, as microscope cameras are.
    machine.shell("modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0")
    machine.until(lambda: "video" in machine.ask("stat -c %G /dev/video0")[1], "node", PATIENCE_S)
    user = "setpriv --reuid leukoscope --regid leukoscope --init-groups"
    seen = machine.shell(f"cd /run; {user} {_PYTHON} - <<'END'\n{_LOOK}END", PATIENCE_S)
    bars = json.loads(seen.strip().splitlines()[-1])
    worst = max(
        abs(value - _BRIGHT * lit)
        for bar, wanted in zip(bars, _BARS, strict=True)
        for value, lit in zip(bar, wanted, strict=True)
    )
    story.tell(f"V4L2 camera (vivid): its eight bars of colour seen, at most {worst} of 255 off")
    if worst > _TOLERANCE:
        raise Failed(f"the colours are {bars}")
    before = machine.shell("cat /etc/default/leukoscope")
    words = f"--um-per-px 0.2 --camera {_SOURCE}"
    machine.shell(_WHITE)
    machine.shell(f"""echo 'LEUKOSCOPE_ARGUMENTS="{words}"' > /etc/default/leukoscope""")
    machine.shell("systemctl restart leukoscope.service", PATIENCE_S)
    story.until_serving()
    machine.press(0.4)
    counting = story.until_status("counting")
    machine.shell("sleep 5")
    machine.shell(f"echo -n vivid.0 > {_DRIVER}/unbind")
    lost = story.until_status("E-CAM-03")
    machine.shell(f"echo -n vivid.0 > {_DRIVER}/bind; {_WHITE}")
    back = story.until_status("KEEP_COUNTING", "ADVICE")
    machine.press(0.4)
    ended = story.until_status("ended")
    newest = story.slides()[-1]
    story.tell(f"a stage without a slide: {counting}; unplugged: {lost}")
    story.tell(f"plugged in again: {back}; {newest['frames']} frames; {ended}")
    if newest["verdict"] != "CANNOT_JUDGE" or newest["frames"] < 2:
        raise Failed("an empty stage is no verdict")
    machine.shell(f"cat > /etc/default/leukoscope <<'END'\n{before}END")
    machine.shell("systemctl restart leukoscope.service; modprobe -r vivid", PATIENCE_S)
    story.until_serving()
