package preflight

// lifecycleRules are about the key itself. They need what AWS tells about it, or what the plan does: the caller judges
// them, most by a function of this package, such as UsableKey.
func lifecycleRules() []rule {
	const (
		key    = "an answer of DescribeKey"
		config = "the configuration of the key"
		ledger = "the ledger and its key"
		plan   = "the plan"
	)
	return []rule{
		{"KP-601", Error, "Key of a type ledgers cannot use", key, nil},
		{"KP-602", Error, "Key cannot rotate automatically", key, nil},
		{"KP-603", Warning, "Key does not rotate", config, nil},
		{"KP-604", Error, "Rotation period out of range, or without rotation", config, nil},
		{"KP-605", Warning, "Short time to notice the deletion of the key", config, nil},
		{"KP-606", Error, "A key in use would be deleted", ledger, nil},
		{"KP-607", Error, "A key in use would be disabled", ledger, nil},
		{"KP-608", Warning, "Imported key material expires", key, nil},
		{"KP-609", Error, "Key cannot be used in its state", key, nil},
		{"KP-610", Error, "Key in another Region", key, nil},
		{"KP-611", Error, "Alias cannot be moved to that key", key, nil},
		{"KP-612", Warning, "Moving an alias does not move the ledger", ledger, nil},
		{"KP-613", Note, "Key is owned by AWS", config, nil},
		{"KP-614", Error, "Key of another account without its ARN", config, nil},
		{"KP-615", Warning, "Key in a custom key store", key, nil},
		{"KP-616", Warning, "The old key goes before the ledger has moved", plan, nil},
		{"KP-617", Error, "Access to the old key ends before the ledger has moved", plan, nil},
		{"KP-618", Warning, "Other ciphertexts stay under the old key", "the grants of the old key", nil},
	}
}
