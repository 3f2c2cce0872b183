package harness_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/google/go-cmp/cmp"
)

func (c cast) tagTable(cfg aws.Config, arn string, tags map[string]string) error {
	in := &qldb.TagResourceInput{ResourceArn: &arn, Tags: map[string]*string{}}
	for key, value := range tags {
		in.Tags[key] = &value
	}
	return second(qldb.NewFromConfig(cfg).TagResource(c.t.Context(), in))
}

func (c cast) untagTable(cfg aws.Config, arn string, keys ...string) error {
	in := &qldb.UntagResourceInput{ResourceArn: &arn, TagKeys: keys}
	return second(qldb.NewFromConfig(cfg).UntagResource(c.t.Context(), in))
}

func (c cast) wantTags(arn string, want map[string]string) {
	c.t.Helper()
	out, err := qldb.NewFromConfig(c.root()).ListTagsForResource(c.t.Context(),
		&qldb.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil {
		c.t.Fatal(err)
	}
	got := map[string]string{}
	for key, value := range out.Tags {
		got[key] = aws.ToString(value)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		c.t.Errorf("tags of %s (-want +got):\n%s", arn, diff)
	}
}

// TestTableTags: tables have tags from their creation on, which change like those of ledgers.
func TestTableTags(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.ledger(c.key(""))
	const create = "CREATE TABLE Tagged WITH (aws_tags = `{'env': \"test\", 'team': \"audit\"}`)"
	want(t, "create", c.run(c.root(), create), "ok")
	tagged, plain := ordersARN+"/table/"+c.tableID("Tagged"), ordersARN+"/table/"+c.tableID("Test")
	c.wantTags(tagged, map[string]string{"env": "test", "team": "audit"})
	c.wantTags(plain, map[string]string{})

	want(t, "tag", c.tagTable(c.root(), tagged, map[string]string{"env": "prod", "cost": "7"}), "ok")
	want(t, "untag", c.untagTable(c.root(), tagged, "team", "never there"), "ok")
	want(t, "tag another", c.tagTable(c.root(), plain, map[string]string{"env": "other"}), "ok")
	c.wantTags(tagged, map[string]string{"env": "prod", "cost": "7"})
	c.wantTags(plain, map[string]string{"env": "other"})
	want(t, "take them all", c.untagTable(c.root(), tagged, "env", "cost"), "ok")
	c.wantTags(tagged, map[string]string{})
	c.wantTags(ordersARN, map[string]string{})

	want(t, "drop", c.run(c.root(), "DROP TABLE Test"), "ok")
	c.wantTags(plain, map[string]string{"env": "other"})
	const missing = "ResourceNotFoundException: The Table with name "
	for _, id := range []string{strings.Repeat("0", 22), "short", strings.Repeat("0", 23)} {
		want(t, "no table "+id, c.tagTable(c.root(), ordersARN+"/table/"+id, map[string]string{"a": "b"}),
			missing+id+" is not found")
	}
}

// TestPoliciesByTableTags: what a policy says about the tags of a table holds for those it has now.
func TestPoliciesByTableTags(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.ledger(c.key(keyPolicy(to(readerARN, "kms:Decrypt"))))
	want(t, "create", c.run(c.root(), "CREATE TABLE Tagged WITH (aws_tags = `{'env': \"test\"}`)"), "ok")
	arn := ordersARN + "/table/" + c.tableID("Tagged")
	may := func(key, value string, actions ...string) {
		c.may("reader", `{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Action":"qldb:SendCommand","Resource":"`+ordersARN+`"},
			{"Effect":"Allow","Action":["`+strings.Join(actions, `","`)+`"],"Resource":"*",
			"Condition":{"StringEquals":{"`+key+`":"`+value+`"}}}]}`)
	}
	read := func() error { return c.run(c.as("reader"), "SELECT * FROM Tagged") }
	may("aws:ResourceTag/env", "prod", "qldb:PartiQLSelect")
	want(t, "created with another value", read(), statementDenied)
	want(t, "tag", c.tagTable(c.root(), arn, map[string]string{"env": "prod"}), "ok")
	want(t, "tagged since", read(), "ok")
	want(t, "untag", c.untagTable(c.root(), arn, "env"), "ok")
	want(t, "untagged", read(), statementDenied)
	want(t, "a table without tags", c.run(c.as("reader"), "SELECT * FROM Test"), statementDenied)

	// Tags of a new table are part of the request; the new table is there for the rest of the transaction.
	may("aws:RequestTag/env", "prod", "qldb:PartiQLCreateTable", "qldb:TagResource")
	create := func(name, env string) error {
		return c.run(c.as("reader"), "CREATE TABLE "+name+" WITH (aws_tags = `{'env': \""+env+"\"}`)")
	}
	want(t, "without tags", c.run(c.as("reader"), "CREATE TABLE None"), statementDenied)
	want(t, "with another value", create("Other", "test"), statementDenied)
	want(t, "with the value", create("Fitting", "prod"), "ok")
	may("aws:RequestTag/env", "prod", "qldb:PartiQLCreateTable")
	want(t, "without TagResource", create("More", "prod"), statementDenied)

	may("aws:ResourceTag/env", "prod", "qldb:TagResource", "qldb:UntagResource")
	fitting := ordersARN + "/table/" + c.tableID("Fitting")
	want(t, "TagResource where the tag is", c.tagTable(c.as("reader"), fitting, map[string]string{"a": "b"}), "ok")
	want(t, "TagResource elsewhere", c.tagTable(c.as("reader"), arn, map[string]string{"a": "b"}),
		"AccessDeniedException: User: "+readerS1+" is not authorized to perform: qldb:TagResource on resource: "+arn+
			" because no identity-based policy allows the qldb:TagResource action")
	want(t, "UntagResource where the tag is", c.untagTable(c.as("reader"), fitting, "env"), "ok")
	want(t, "UntagResource without it", c.untagTable(c.as("reader"), fitting, "a"),
		"AccessDeniedException: User: "+readerS1+" is not authorized to perform: qldb:UntagResource on resource: "+fitting+
			" because no identity-based policy allows the qldb:UntagResource action")
}

// TestCatalogTags: the catalog of a ledger has tags of its own, which count for reading it.
//
// Source: Service Authorization Reference, "Resource types defined by Amazon QLDB", catalog.
func TestCatalogTags(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.ledger(c.key(keyPolicy(to(readerARN, "kms:Decrypt"))))
	catalog := ordersARN + "/information_schema/user_tables"
	c.may("reader", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["qldb:SendCommand"],"Resource":"`+ordersARN+`"},
		{"Effect":"Allow","Action":["qldb:PartiQLSelect","qldb:ListTagsForResource"],"Resource":"`+catalog+`",
		"Condition":{"StringEquals":{"aws:ResourceTag/env":"prod"}}}]}`)
	read := func() error { return c.run(c.as("reader"), "SELECT * FROM information_schema.user_tables") }
	list := func() string {
		_, err := qldb.NewFromConfig(c.as("reader")).ListTagsForResource(t.Context(),
			&qldb.ListTagsForResourceInput{ResourceArn: &catalog})
		code, _, _ := strings.Cut(said(err), ":")
		return code
	}
	c.wantTags(catalog, map[string]string{})
	want(t, "without tags", read(), statementDenied)
	if got := list(); got != "AccessDeniedException" {
		t.Errorf("list without tags: got %s", got)
	}
	want(t, "tag the ledger", c.tagTable(c.root(), ordersARN, map[string]string{"env": "prod"}), "ok")
	want(t, "the ledger alone has the tag", read(), statementDenied)
	want(t, "tag", c.tagTable(c.root(), catalog, map[string]string{"env": "prod", "team": "audit"}), "ok")
	c.wantTags(catalog, map[string]string{"env": "prod", "team": "audit"})
	want(t, "tagged", read(), "ok")
	if got := list(); got != "ok" {
		t.Errorf("list: got %s", got)
	}
	want(t, "untag", c.untagTable(c.root(), catalog, "env"), "ok")
	c.wantTags(catalog, map[string]string{"team": "audit"})
	want(t, "untagged", read(), statementDenied)
	elsewhere := strings.Replace(catalog, "ledger/orders", "ledger/nope", 1)
	want(t, "no such ledger", c.tagTable(c.root(), elsewhere, map[string]string{"a": "b"}),
		"ResourceNotFoundException: The Ledger with name nope is not found")
}

// TestTagsNeedStandard: in ALLOW_ALL a table can be tagged later, but not be created with tags.
func TestTagsNeedStandard(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.ledger(c.key(""))
	_, err := qldb.NewFromConfig(c.root()).UpdateLedgerPermissionsMode(t.Context(),
		&qldb.UpdateLedgerPermissionsModeInput{
			Name: aws.String("orders"), PermissionsMode: types.PermissionsModeAllowAll,
		})
	want(t, "change the mode", err, "ok")
	want(t, "with tags", c.run(c.root(), "CREATE TABLE Tagged WITH (aws_tags = `{'a': \"b\"}`)"), "BadRequestException: "+
		"Tables can be created with tags only in ledgers with the permissions mode STANDARD")
	arn := ordersARN + "/table/" + c.tableID("Test")
	want(t, "tag", c.tagTable(c.root(), arn, map[string]string{"a": "b"}), "ok")
	c.wantTags(arn, map[string]string{"a": "b"})
}
