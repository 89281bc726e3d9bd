"""What a trained network is worth: on patients, laboratories and cameras it has never seen."""
