package scenario

// NewLoad counts samples.
var NewLoad = newLoad
