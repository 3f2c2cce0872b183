package functions_test

import (
	"strings"
	"testing"
)

// The hashes are of the Ion hash reference implementation, taken over by hand.
func TestIonHash(t *testing.T) {
	t.Parallel()
	const ab = "gmAPybQOPFOS7op/jRSfDpbWt+b3Oaj1FtJxWge2zms="
	check(t, "ion_hash", []row{
		{name: "int", arguments: []string{"1"}, want: "8In2TKc7mxYNM/GbB/jQyX1OjkIVwLa4uDbe3Ptlkpo="},
		{name: "decimal", arguments: []string{"1.50"}, want: "VyTyBj83EJzP6drIhvJQ9IYykexW95keJRgxb8Gt5lg="},
		{name: "string", arguments: []string{`"a"`}, want: "rhrYdAYmQ/5lYRogyFlWiU58U4r72zLBuFh5k16Ebo4="},
		{name: "symbol", arguments: []string{"a"}, want: "Zb6U43UvwFYeX2hRTomThv85KT6NVX6bPqYEkObZb3s="},
		{name: "struct", arguments: []string{"{a:1,b:2}"}, want: ab},
		{name: "order and white space", arguments: []string{"{ b: 2, // two\n a: 1 }"}, want: ab},
		{name: "JSON", arguments: []string{`{"a": 1, "b": 2}`}, want: ab},
		{
			name: "annotation", arguments: []string{"person::{a:1}"},
			want: "KYwAP2y/oTW85UqVbYqJvTuuQAda2ltjAXVx0SsbDxk=",
		},
		{name: "two values", arguments: []string{"1 2"}, says: "holds 2 values, want one"},
		{name: "nothing", arguments: []string{" "}, says: "holds 0 values, want one"},
		{name: "not Ion", arguments: []string{"{\n  a: 1,\n  b: ]\n}"}, says: "not Ion text: line 3, column 6: "},
		{name: "too deep", arguments: []string{strings.Repeat("[", 200)}, says: "more than MaxDepth 128"},
	})
}

func TestIonToJSON(t *testing.T) {
	t.Parallel()
	check(t, "ion_to_json", []row{
		{
			name: "document",
			arguments: []string{
				"{vin:'KM8S', fee:90.250, at:2017-08-21T16:48:55.600Z, n:null.int, b:{{AQID}}, s:(a 1)}",
			},
			want: `{"vin":"KM8S","fee":90.250,"at":"2017-08-21T16:48:55.600Z","n":null,"b":"AQID","s":["a",1]}`,
		},
		{name: "annotation", arguments: []string{"person::1"}, want: "1"},
		{name: "nan", arguments: []string{"nan"}, want: "null"},
		{name: "not Ion", arguments: []string{"{a:"}, says: "not Ion text: line 1, column "},
		{name: "two values", arguments: []string{"1 2"}, says: "holds 2 values, want one"},
	})
}

func TestJSONToIon(t *testing.T) {
	t.Parallel()
	check(t, "json_to_ion", []row{
		{
			name: "document", arguments: []string{`{"vin": "KM8S", "fee": 90.250, "n": null, "e": 1e2, "tags": [1, true]}`},
			want: `{vin:"KM8S",fee:90.250,n:null,e:1e2,tags:[1,true]}`,
		},
		{name: "order is kept", arguments: []string{`{"b":1,"a":2}`}, want: "{b:1,a:2}"},
		{name: "Ion is no JSON", arguments: []string{"{\n\"a\": 2017-08-21T}"}, says: "not JSON: line 2, column "},
		{name: "two values", arguments: []string{"1 2"}, says: "line 1, column 3"},
		{name: "nothing", arguments: []string{""}, says: "not JSON"},
	})
}

func TestLedgerARNParse(t *testing.T) {
	t.Parallel()
	const orders = "arn:aws:qldb:eu-west-2:111122223333:ledger/orders"
	parts := map[string]any{
		"partition": "aws", "region": "eu-west-2", "account_id": "111122223333", "name": "orders",
	}
	in := func(old, with string) []string { return []string{strings.Replace(orders, old, with, 1)} }
	check(t, "ledger_arn_parse", []row{
		{name: "ledger", arguments: []string{orders}, want: parts},
		{
			name: "China", arguments: []string{"arn:aws-cn:qldb:cn-north-1:111122223333:ledger/a-1"},
			want: map[string]any{
				"partition": "aws-cn", "region": "cn-north-1", "account_id": "111122223333", "name": "a-1",
			},
		},
		{name: "name only", arguments: []string{"orders"}, says: `"orders" is not an ARN`},
		{name: "no prefix", arguments: in("arn:", "urn:"), says: "is not an ARN"},
		{name: "partition", arguments: in(":aws:", ":ews:"), says: `partition "ews" is none of AWS`},
		{name: "service", arguments: in("qldb", "kms"), says: `service "kms", not of qldb`},
		{name: "region", arguments: in("eu-west-2", "london"), says: `region "london" must be`},
		{name: "no region", arguments: in("eu-west-2", ""), says: `region "" must be`},
		{name: "account", arguments: in("111122223333", "1111"), says: `account "1111" must be`},
		{name: "stream", arguments: in("ledger/orders", "stream/orders/x"), says: `"stream/orders/x", not of a ledger`},
		{name: "table", arguments: in("orders", "orders/table/x"), says: "not of a ledger"},
		{name: "bad name", arguments: in("orders", "a--b"), says: `ledger name "a--b" must be`},
		{name: "line feed", arguments: in("orders", "orders\n"), says: `ledger name "orders\n" must be`},
	})
}

func TestPolicyEqual(t *testing.T) {
	t.Parallel()
	const (
		root = `{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":{"AWS":"111122223333"},` +
			`"Action":["kms:Decrypt","kms:Encrypt"],"Resource":"*"}]}`
		spelled = `{"Statement":{"Action":["kms:encrypt","kms:Decrypt","kms:Decrypt"],"Resource":["*"],"Sid":"a",` +
			`"Principal":{"AWS":["arn:aws:iam::111122223333:root"]},"Effect":"Allow"},"Version":"2012-10-17"}`
	)
	change := func(text, old, with string) string { return strings.Replace(text, old, with, 1) }
	check(t, "policy_equal", []row{
		{name: "same text", arguments: []string{root, root}, want: true},
		{name: "another spelling", arguments: []string{root, spelled}, want: true},
		{
			name: "root user in China", want: true,
			arguments: []string{root, change(spelled, "arn:aws:", "arn:aws-cn:")},
		},
		{name: "another Sid", arguments: []string{root, change(spelled, `"a"`, `"b"`)}, want: false},
		{name: "another version", arguments: []string{root, change(spelled, "2012-10-17", "2008-10-17")}, want: false},
		{name: "another action", arguments: []string{root, change(spelled, "kms:encrypt", "kms:Sign")}, want: false},
		{name: "another account", arguments: []string{root, change(spelled, "1111", "1112")}, want: false},
		{
			name: "a is none", arguments: []string{"{\n\"Sid\": 1}", root},
			says: "not a key policy: line 2, column 1: ",
		},
		{name: "b is none", arguments: []string{root, `{"Version":`}, blames: 1, says: "not a key policy: line 1, column "},
		{
			name:      "b has a principal that cannot exist",
			arguments: []string{root, change(spelled, "arn:aws:iam", "arn:aws:ec2")}, blames: 1, says: "not a key policy: ",
		},
		{
			name: "too large", arguments: []string{root + strings.Repeat(" ", 32768), root},
			says: "not a key policy: parse policy of ",
		},
	})
}
