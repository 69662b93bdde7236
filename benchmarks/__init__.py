"""What a night costs, as ratios to bare iterparse in the same run; beside it a naive importer and dlt.

`python -m benchmarks --size M` measures, `python -m benchmarks --draw` writes the figures into docs/performance.md.
"""
