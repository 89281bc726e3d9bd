"""The clinic's page on the local network: live view, gallery, review, records, dossier."""
