"""The section `scenes` of params.yaml: classes, layouts of datasets, and the section itself."""
