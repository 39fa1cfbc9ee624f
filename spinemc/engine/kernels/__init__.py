"""The inner loops: floats and arrays in, floats and arrays out. Nothing here knows a file, a name or a unit.

Conventions: lengths in um, times in s, volumes in um^3. Every function is serial; trials, and parts of a large
one, run beside each other in threads, which the kernels allow by releasing the interpreter's lock. No fast-math
anywhere: the plain-Python engine of the tests has to agree to the last bit.
"""
