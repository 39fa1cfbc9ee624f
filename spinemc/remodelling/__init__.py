"""Structure that follows function: epochs of a scenario, between which the shape follows the weights."""

from spinemc.remodelling.course import Course
from spinemc.remodelling.epochs import remodel, resume
from spinemc.remodelling.folder import begun, history, is_course, scenario_of, stores

__all__ = ["Course", "begun", "history", "is_course", "remodel", "resume", "scenario_of", "stores"]
