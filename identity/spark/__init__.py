"""The statements of this room on Spark, for records that one machine cannot hold."""
