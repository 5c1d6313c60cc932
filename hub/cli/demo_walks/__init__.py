"""The walks of `hub demo`: what customers, staff and accidents do to the demo site, one after the other."""
