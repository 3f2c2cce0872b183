package console

import "time"

// State is what the page shows. It holds names, ARNs, times and counts; no key material, credential or document.
type State struct {
	Now        time.Time   `json:"now"` // on the harness clock
	Endpoint   string      `json:"endpoint"`
	Account    string      `json:"account"`
	Region     string      `json:"region"`
	DataDir    string      `json:"data_dir"`
	KMS        string      `json:"kms"`        // whose keys protect the ledgers, in words; "" means the harness's own
	Ledgers    []Ledger    `json:"ledgers"`    // by account, Region and name
	Keys       []Key       `json:"keys"`       // those that the ledgers name, of the harness's own KMS
	Events     []Event     `json:"events"`     // the latest audit records, newest first
	Operations []Operation `json:"operations"` // that were called, by service and name
}

// Ledger is one ledger. Tables and what follows are there only while Unread is "".
type Ledger struct {
	Account           string    `json:"account"`
	Region            string    `json:"region"`
	Name              string    `json:"name"`
	ID                string    `json:"id"`
	State             string    `json:"state"`             // CREATING, ACTIVE or DELETING
	EncryptionStatus  string    `json:"encryption_status"` // ENABLED, UPDATING or KMS_KEY_INACCESSIBLE
	InaccessibleSince time.Time `json:"inaccessible_since,omitzero"`
	KeyChangeDue      time.Time `json:"key_change_due,omitzero"` // when the running key change is finished
	Root              Node      `json:"root"`
	Branches          []Branch  `json:"branches"` // the nodes that Root wraps
	Next              *Node     `json:"next"`     // under the key that the ledger moves to, or null
	// Unread is why the rest is not shown: nobody opened the ledger yet, or its key is not to be used.
	Unread   string  `json:"unread"`
	Tables   []Table `json:"tables"` // active ones
	Dropped  int     `json:"dropped"`
	More     int     `json:"more"` // tables left out
	StrandID string  `json:"strand_id"`
	Blocks   uint64  `json:"blocks"` // the tip has sequence number Blocks - 1
	Digest   string  `json:"digest"` // Base64, of the journal up to the tip
}

// Node is the root node of a ledger's key hierarchy.
type Node struct {
	KeyARN  string `json:"key_arn"`  // that wraps it, or AWS_OWNED_KMS_KEY
	GrantID string `json:"grant_id"` // by which QLDB uses the key, or ""
	ID      string `json:"id"`
	Version int    `json:"version"`
}

// Branch is a node below the root node.
type Branch struct {
	Role    string `json:"role"` // strand, index or catalog
	ID      string `json:"id"`
	Version int    `json:"version"`
}

// Table is an active table.
type Table struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Key is a KMS key that a ledger names.
type Key struct {
	ARN         string    `json:"arn"`
	Description string    `json:"description"`
	Manager     string    `json:"manager"` // CUSTOMER or AWS
	Spec        string    `json:"spec"`
	State       string    `json:"state"` // Enabled, Disabled, PendingDeletion, ...
	Created     time.Time `json:"created"`
	DeleteAt    time.Time `json:"delete_at,omitzero"`
	Rotation    bool      `json:"rotation"`
	Materials   int       `json:"materials"` // generations of key material
	Aliases     []Alias   `json:"aliases"`
	Grants      []Grant   `json:"grants"`
	MoreGrants  bool      `json:"more_grants"`
	Findings    []Finding `json:"findings"`
	Judged      int       `json:"judged"` // rules that the policy was judged by
}

// Alias is an alias that names a key, or did until it was moved.
type Alias struct {
	Name      string    `json:"name"`
	TargetARN string    `json:"target_arn"` // the key it names now
	Updated   time.Time `json:"updated"`
}

// Grant is a grant on a key.
type Grant struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Grantee    string    `json:"grantee"`
	Retiring   string    `json:"retiring"`
	Operations []string  `json:"operations"`
	Created    time.Time `json:"created"`
}

// Finding is what a rule has to say on a key policy.
type Finding struct {
	Rule      string `json:"rule"`
	Severity  string `json:"severity"` // note, warning or error
	Summary   string `json:"summary"`
	Detail    string `json:"detail"`
	Principal string `json:"principal"`
}

// Event is an audit record of CloudTrail in short, or several in a row that differ in nothing but the time.
type Event struct {
	ID        string    `json:"id"`        // of the oldest
	Time      time.Time `json:"time"`      // of the newest, on the harness clock
	Times     int       `json:"times"`     // how many there are
	Source    string    `json:"source"`    // such as kms.amazonaws.com
	Name      string    `json:"name"`      // such as Decrypt
	Caller    string    `json:"caller"`    // ARN, or the service that called
	Error     string    `json:"error"`     // code, or ""
	Resources []string  `json:"resources"` // ARNs, or names of IAM
}

// Operation is how long the calls of one operation took. Times are in milliseconds of the machine's clock.
type Operation struct {
	Service string  `json:"service"`
	Name    string  `json:"name"`
	Count   int     `json:"count"`  // answered or not
	Failed  int     `json:"failed"` // answered with an error, or not at all
	P50     float64 `json:"p50"`
	P99     float64 `json:"p99"`
	Max     float64 `json:"max"`
	Recent  []Point `json:"recent"` // the latest, oldest first
}

// Point is one call of an Operation.
type Point struct {
	MS     float64 `json:"ms"`
	Failed bool    `json:"failed,omitempty"`
}
