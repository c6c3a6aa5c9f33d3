"""Gold splits, prompt rendering, parsing and scoring: one module a kind of task, one YAML a task."""
