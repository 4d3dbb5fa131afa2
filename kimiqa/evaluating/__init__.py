"""What answers are worth: a data set asked over strategies and models, graded and counted.

`dataset` reads the questions, `running` prices and asks them, `results` keeps what was paid for,
`grading` says what is right, `measures` counts it with intervals, `charting` draws it.
"""
