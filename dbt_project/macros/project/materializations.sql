{#
    Tables and views of the build file, made in place. dbt's own build beside the old relation, rename twice and drop,
    so that readers never miss one; here nobody reads the build file before it is audited and published, and those steps
    cost more time than most models.
#}
{% materialization table, adapter='duckdb' -%}
    {%- set relation = this.incorporate(type='table') -%}
    {%- do drop_relation_if_exists(load_cached_relation(this)) -%}
    {% call statement('main') -%}
        {{ create_table_as(False, relation, compiled_code) }}
    {%- endcall %}
    {%- do adapter.commit() -%}
    {{ return({'relations': [relation]}) }}
{%- endmaterialization %}

{% materialization view, adapter='duckdb' -%}
    {%- set relation = this.incorporate(type='view') -%}
    {%- do drop_relation_if_exists(load_cached_relation(this)) -%}
    {% call statement('main') -%}
        {{ create_view_as(relation, compiled_code) }}
    {%- endcall %}
    {%- do adapter.commit() -%}
    {{ return({'relations': [relation]}) }}
{%- endmaterialization %}
