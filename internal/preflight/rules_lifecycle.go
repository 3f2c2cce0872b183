package preflight

import "fmt"

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

// binding are the rules about keys of which nothing can let a finding pass, with why. The error of KP-610 is binding,
// too, its warning is not: see Finding.Enforced.
var binding = map[string]string{
	"KP-601": "QLDB takes no key of another type",
	"KP-602": "KMS does not rotate such a key",
	"KP-604": "KMS takes no other period, and ignores one without rotation",
	"KP-606": "the data of a ledger would be lost for ever with its key",
	"KP-609": "QLDB puts no ledger under a key in such a state",
	"KP-611": "KMS points no alias to such a key",
	"KP-613": "it is a note, which neither stops nor warns",
	"KP-614": "KMS looks for what is not an ARN nowhere else",
	"KP-616": "it is a line of the preview: the former key is left alone until the ledger has moved",
}

// Settings are what the configuration says about a ledger's own key.
type Settings struct {
	Enabled    bool
	Rotates    bool
	WindowDays int64 // between scheduling its deletion and its deletion
}

// Configured finds what is to be said of the settings of a key, whatever the key: KP-603, KP-605, KP-607.
//
// Source: QLDB Developer Guide, "Encryption at rest: how it works": a ledger whose key is disabled refuses reads and
// writes; KMS API reference, ScheduleKeyDeletion: 7 to 30 days.
func Configured(s Settings) []Finding {
	var list []Finding
	if !s.Rotates {
		list = append(list, byID("KP-603").finding(hit{
			what: "KMS will not replace the key material of this key by itself.",
			fix:  "Remove the argument to rotate it yearly; rotation changes neither the key's ARN nor the ledger.",
		}))
	}
	if s.WindowDays >= shortestWindow && s.WindowDays < longestWindow {
		list = append(list, byID("KP-605").finding(hit{
			what: fmt.Sprintf("%d days after its deletion is scheduled the key is gone, and with it everything encrypted "+
				"under it, journal exports included.", s.WindowDays),
			fix: fmt.Sprintf("%d days leave the most time to notice a mistake.", longestWindow),
		}))
	}
	if !s.Enabled {
		list = append(list, byID("KP-607").finding(hit{
			what: "Shortly after its key is disabled the ledger becomes KMS_KEY_INACCESSIBLE and refuses all reads and " +
				"writes, until the key is enabled again.",
			fix: "Remove the argument, or set it to true.",
		}))
	}
	return list
}

const (
	shortestWindow = 7
	longestWindow  = 30
)
