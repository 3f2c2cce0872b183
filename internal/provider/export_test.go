package provider

// WithLoggers is withLoggers, for tests of the masks.
var WithLoggers = withLoggers

// Subsystems and MaskedFields are what those tests go through.
var (
	Subsystems   = subsystems
	MaskedFields = maskedFields
)
