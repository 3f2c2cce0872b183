package record

import _ "embed" // the policies are files, so that they can be handed to the AWS CLI as they are

// A Role is what one function runs as. Both policies are JSON, for account 111122223333, Region eu-west-2 and ledger
// qldb-kms-ledger-poc. Nothing in them says kms:Decrypt: the key's policy gives that.
type Role struct {
	Name   string
	Trust  string // who may assume the role
	Policy string // what it may do
}

var (
	//go:embed roles/trust.json
	trust string
	//go:embed roles/create-record.json
	createPolicy string
	//go:embed roles/get-record.json
	getPolicy string
)

// CreateRole is the role of POST /record.
func CreateRole() Role { return Role{"qldb-kms-create-record-role", trust, createPolicy} }

// GetRole is the role of GET /record/{id}.
func GetRole() Role { return Role{"qldb-kms-get-record-role", trust, getPolicy} }
