"""The schema registry: state that every process folds from the topic `registry`, and the HTTP interface on it."""
