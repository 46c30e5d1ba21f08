"""All that params.yaml asks of a study beside the pipeline's trainings, as tasks that an engine runs."""
