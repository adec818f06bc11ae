select * from {{ channel_words() }} as words
