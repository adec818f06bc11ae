"""The dbt project (staging, intermediate, marts) and the functions that build it in process."""
