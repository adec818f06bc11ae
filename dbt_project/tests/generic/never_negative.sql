{# No value below zero in any of the columns. #}
{% test never_negative(model, columns) %}

select * from {{ model }} where {% for column in columns %}{{ column }} < 0{{ ' or ' if not loop.last }}{% endfor %}

{% endtest %}
