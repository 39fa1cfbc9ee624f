"""The rules' inner loops: arrays in, arrays filled. Serial; each releases the interpreter's lock.

Conventions: times in s; what a rule does in an interval is one exact update for each piece of it in which calcium is
on one side of every threshold, so that no spacing of samples is too wide.
"""
