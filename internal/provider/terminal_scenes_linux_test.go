package provider_test

import (
	"regexp"
	"strings"
)

// fleet is what people keep in a ledger: a table, an index, a document, and one that neither plan nor state may show.
const fleet = `
resource "qldbkms_table" "vehicle" {
  ledger = "orders"
  name   = "Vehicle"
  tags   = { team = "fleet" }
}

resource "qldbkms_index" "vin" {
  ledger = "orders"
  table  = qldbkms_table.vehicle.name
  field  = "VIN"
}

resource "qldbkms_record" "car" {
  ledger     = "orders"
  table      = qldbkms_table.vehicle.name
  document   = jsonencode({ VIN = "1N4AL11D75C109151", Type = "Sedan", Owners = ["Raul", "Brent"] })
  key_fields = ["VIN"]
  depends_on = [qldbkms_index.vin]
}

resource "qldbkms_record" "secret" {
  ledger              = "orders"
  table               = qldbkms_table.vehicle.name
  document_wo         = jsonencode({ VIN = "KM8SRDHF6EU074761", Code = "open sesame" })
  document_wo_version = 1
}
`

// Each name and what differs are replaced in fleet.
func fleetWith(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(fleet) }

// linked lets what is in a table wait for it.
func linked(config string) string {
	return regexp.MustCompile(`( table +)= "Vehicle"`).ReplaceAllString(config, "$1= qldbkms_table.vehicle.name")
}

// readers ask for what is in a ledger.
const readers = `
data "qldbkms_query" "sedans" {
  ledger     = "orders"
  statement  = "SELECT VIN, Type FROM Vehicle WHERE Type = ?"
  parameters = [jsonencode("Sedan")]
}

data "qldbkms_digest" "now" {
  ledger = "orders"
}

data "qldbkms_revision" "car" {
  ledger        = "orders"
  document_id   = "8F0TPCmdNQ6JTRpiLj2TmW"
  block_address = "{strandId:\"JdxjkR9bSYB5jMHWcI464T\",sequenceNo:5}"
}
`

const aTable = `
resource "qldbkms_table" "vehicle" {
  ledger = "orders"
  name   = "Vehicle"
}
`

const anIndex = `
resource "qldbkms_index" "vin" {
  ledger = "orders"
  table  = "Vehicle"
  field  = "VIN"
}
`

const aRecord = `
resource "qldbkms_record" "car" {
  ledger     = "orders"
  table      = "Vehicle"
  document   = jsonencode({ VIN = "1N4AL11D75C109151", Type = "Sedan" })
  key_fields = ["VIN"]
}
`

const wrong = `
resource "qldbkms_table" "reserved" {
  ledger = "orders"
  name   = "_ql_vehicle"
}

resource "qldbkms_table" "undrop" {
  ledger = "orders"
  name   = "Vehicle"
  undrop = "Vehicle"
}

resource "qldbkms_index" "path" {
  ledger = "orders--1"
  table  = "Vehicle"
  field  = ""
}

resource "qldbkms_record" "nothing" {
  ledger = "orders"
  table  = "Vehicle"
}

resource "qldbkms_record" "list" {
  ledger   = "orders"
  table    = "Vehicle"
  document = jsonencode(["VIN"])
}

resource "qldbkms_record" "no_version" {
  ledger      = "orders"
  table       = "Vehicle"
  document_wo = "{}"
}

resource "qldbkms_record" "no_key" {
  ledger     = "orders"
  table      = "Vehicle"
  document   = jsonencode({ VIN = null })
  key_fields = ["VIN"]
}

data "qldbkms_query" "writes" {
  ledger    = "orders"
  statement = "DELETE FROM Vehicle"
}

data "qldbkms_query" "parameter" {
  ledger     = "orders"
  statement  = "SELECT * FROM Vehicle WHERE VIN = ?"
  parameters = ["1N4 AL"]
}

data "qldbkms_revision" "half" {
  ledger        = "orders"
  document_id   = "car 1"
  block_address = "5"
  digest        = "abc"
}
`

var terminalScenes = map[string]func(room) string{
	"create": func(r room) string { return r.run(r.Desk(), fleet, "plan") },
	"change": func(r room) string {
		return r.run(r.applied(fleet), fleetWith(`team = "fleet"`, `team = "cars"`, `"Sedan"`, `"Coupe"`,
			`, "Brent"`, ``, `open sesame`, `shut`, `version = 1`, `version = 2`), "plan")
	},
	"replace": func(r room) string {
		config := linked(aTable + anIndex)
		return r.run(r.applied(config), strings.Replace(config, `"VIN"`, `"Type"`, 1), "plan")
	},
	"destroy": func(r room) string { return r.run(r.applied(fleet), fleet, "plan", "-destroy") },
	"written by somebody else": func(r room) string {
		d := r.applied(fleet)
		r.Statement("orders", "UPDATE Vehicle SET Code = 'changed' WHERE Code = 'open sesame'")
		r.Statement("orders", "UPDATE Vehicle SET Type = 'Van' WHERE Type = 'Sedan'")
		return r.run(d, fleet, "plan")
	},
	"drop refused": func(r room) string {
		d := r.applied(aTable)
		r.Statement("orders", "INSERT INTO Vehicle {'VIN': '1N4AL11D75C109151'}")
		return r.run(d, "", "apply", "-auto-approve")
	},
	"wrong configuration": func(r room) string { return r.run(r.Desk(), wrong, "validate") },
	"no ledger": func(r room) string {
		config := strings.ReplaceAll(aTable+anIndex+aRecord, `"orders"`, `"audit"`)
		return r.run(r.Desk(), config, "apply", "-auto-approve")
	},
	"no ledger to read": func(r room) string {
		return r.run(r.Desk(), strings.ReplaceAll(readers, `"orders"`, `"audit"`), "plan")
	},
	"no table":        func(r room) string { return r.run(r.Desk(), anIndex+aRecord, "apply", "-auto-approve") },
	"nothing to read": func(r room) string { return r.run(r.Desk(), readers, "plan") },
	"taken": func(r room) string {
		r.Statement("orders", "CREATE TABLE Vehicle")
		r.Statement("orders", "CREATE INDEX ON Vehicle (VIN)")
		r.Statement("orders", "INSERT INTO Vehicle {'VIN': '1N4AL11D75C109151'}")
		return r.run(r.Desk(), aTable+anIndex+aRecord, "apply", "-auto-approve")
	},
	"conflicts without end": func(r room) string {
		r.Statement("orders", "CREATE TABLE Vehicle")
		r.Transport = rival{r.Transport, func() { r.Statement("orders", "INSERT INTO Vehicle {'VIN': 'another'}") }}
		return r.run(r.Desk(), aRecord, "apply", "-auto-approve")
	},
	"changed since the plan": func(r room) string {
		config := linked(aTable + aRecord)
		d, changed := r.applied(config), strings.Replace(config, "Sedan", "Coupe", 1)
		r.run(d, changed, "plan", "-out=plan")
		r.Statement("orders", "UPDATE Vehicle SET Type = 'Van'")
		return r.run(d, changed, "apply", "plan")
	},
	"read": func(r room) string {
		return r.run(r.applied(fleet), fleet+`
data "qldbkms_query" "sedans" {
  ledger     = "orders"
  statement  = "SELECT VIN, Type FROM Vehicle WHERE Type = ?"
  parameters = [jsonencode("Sedan")]
}

data "qldbkms_digest" "now" {
  ledger = "orders"
}

data "qldbkms_revision" "car" {
  ledger        = "orders"
  document_id   = qldbkms_record.car.document_id
  block_address = jsonencode({
    strandId   = qldbkms_record.car.block_address.strand_id
    sequenceNo = qldbkms_record.car.block_address.sequence_no
  })
}

output "sedans" {
  value = data.qldbkms_query.sedans.rows
}

output "digest" {
  value = data.qldbkms_digest.now.digest
}

output "proven" {
  value = data.qldbkms_revision.car.verified
}
`, "plan")
	},
	"not proven": func(r room) string {
		return r.run(r.applied(fleet), fleet+`
data "qldbkms_digest" "now" {
  ledger = "orders"
}

data "qldbkms_revision" "car" {
  ledger        = "orders"
  document_id   = qldbkms_record.car.document_id
  block_address = jsonencode({
    strandId   = qldbkms_record.car.block_address.strand_id
    sequenceNo = qldbkms_record.car.block_address.sequence_no
  })
  digest      = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
  tip_address = data.qldbkms_digest.now.tip_address
}
`, "plan")
	},
	"query refused": func(r room) string {
		return r.run(r.Desk(), strings.ReplaceAll(strings.SplitAfter(readers, "}\n")[0],
			"SELECT VIN, Type FROM Vehicle WHERE Type = ?", "SELECT VIN FROM Vehicle ORDER BY VIN"), "plan")
	},
}
