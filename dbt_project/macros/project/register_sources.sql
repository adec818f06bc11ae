{#
    DuckDB reads a source where its location says; an engine with a catalogue needs the files registered as tables first.
    A feed is a folder of batches, an identity table is one file; the roots are the variables <source>_root.
#}
{% macro register_sources() %}
    {%- if execute and target.type == 'spark' -%}
        {%- for source in graph.sources.values() | sort(attribute='unique_id') -%}
            {%- set root = var(source.source_name ~ '_root') ~ '/' ~ source.name -%}
            {%- set path = root if source.source_name == 'lake' else root ~ '.parquet' -%}
            {%- do run_query('create database if not exists ' ~ source.schema) -%}
            {%- do run_query('drop table if exists ' ~ source.schema ~ '.' ~ source.identifier) -%}
            {%- do run_query(
                'create table ' ~ source.schema ~ '.' ~ source.identifier ~ ' using parquet location ' ~ x_text(path)
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
