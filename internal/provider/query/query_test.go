package query_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/fuzzed"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/query"
)

// Whatever is refused here never reaches the service.
func TestCheck(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]string{
		"SELECT * FROM T":     "",
		" select * from T ; ": "",
		"-- a comment\n/* another; one */ SELECT 1 FROM T":    "",
		"SELECT * FROM T WHERE a = ';' AND \"b;\" = 'it''s;'": "",
		"SELECT `{a: \"`; \\\"`\", 'b`': '''c`;'''}` FROM T":  "",
		"SELECT `1 // `\n` FROM T; -- done":                   "",
		"SELECT a-1, a/2 FROM T":                              "",
		"SELECT a FROM T WHERE \"SELECT\" = 1 -- ; DELETE":    "",
		"":                               "does not begin with SELECT",
		"DELETE FROM T":                  "does not begin with SELECT",
		"/* SELECT */ DELETE FROM T":     "does not begin with SELECT",
		"SELECTED":                       "does not begin with SELECT",
		"(SELECT 1 FROM T)":              "does not begin with SELECT",
		"-- SELECT\nDROP TABLE T":        "does not begin with SELECT",
		"SELECT 1 FROM T; DELETE FROM T": "follows the semicolon",
		"SELECT 'a' FROM T /* ; */ ; -- x\n INSERT INTO T {}":  "follows the semicolon",
		"SELECT `'a\\'`'` FROM T; DROP TABLE T":                "follows the semicolon",
		"SELECT 'a FROM T":                                     "does not end",
		"SELECT `\"` FROM T":                                   "does not end",
		"SELECT 1 FROM T /* no end":                            "does not end",
		"/* no end":                                            "does not end",
		"SELECT '" + strings.Repeat("x", 100_000) + "' FROM T": "longer than 100,000",
	} {
		if got := query.Check(statement); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("check %.60q: got %q, want %q", statement, got, want)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("SELECT `a` FROM T -- x")
	for _, in := range fuzzed.Inputs(f) {
		f.Add(in[0])
	}
	f.Fuzz(func(t *testing.T, statement string) {
		if query.Check(statement) == "" && !strings.Contains(strings.ToUpper(statement), "SELECT") {
			t.Errorf("%q was accepted", statement)
		}
	})
}

func config(h *acctest.Harness, body string) string {
	return h.Config("") + fmt.Sprintf("data \"qldbkms_query\" \"q\" {\n  ledger = \"orders\"\n%s\n}\n", body)
}

func TestAccRows(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	h.Statement("orders", "CREATE TABLE Vehicle")
	h.Statement("orders", "INSERT INTO Vehicle << {'VIN': '1N4', 'Built': `2007T`, 'W': 1.50}, {'VIN': 'KM8'} >>")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: h.Factories(),
		Steps: []resource.TestStep{
			{
				Config: config(h, `statement = "SELECT * FROM Vehicle WHERE VIN IN (?, ?)"`+
					"\nparameters = [jsonencode(\"1N4\"), \"\\\"KM8\\\"\"]"),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("data.qldbkms_query.q", tfjsonpath.New("rows"),
						knownvalue.ListExact([]knownvalue.Check{
							knownvalue.StringExact(`{"VIN":"1N4","Built":"2007T","W":1.50}`),
							knownvalue.StringExact(`{"VIN":"KM8"}`),
						})),
				},
			},
			{Config: config(h, `statement = "DELETE FROM Vehicle"`), ExpectError: regexp.MustCompile("not one SELECT")},
			{
				Config:      config(h, `statement = "SELECT * FROM Vehicle WHERE VIN = ?"`+"\nparameters = [\"1N4 x\"]"),
				ExpectError: regexp.MustCompile("not one Ion value"),
			},
			{
				Config:      config(h, `statement = "SELECT * FROM Car"`),
				ExpectError: regexp.MustCompile(`(?s)was not answered.*No such variable\s+named\s+'Car'`),
			},
		},
	})
	for _, name := range h.Mutations() {
		if name != "SendCommand" {
			t.Errorf("a query called %s", name)
		}
	}
}
