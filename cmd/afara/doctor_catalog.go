package main

import shelf "github.com/afara-dev/afara/engine/catalog"

// checkCatalog proves what is installed against the locks. The doctor is run by
// the user that runs the engine, so what this one could write is named.
func (c *doctorCmd) checkCatalog(r *report) {
	user, err := shelf.LookupUser("")
	if err != nil {
		r.fail("catalog", "%v", err)
		return
	}
	for _, dir := range c.PluginDirs {
		checkDirectory(r, dir, user, false)
	}
}
