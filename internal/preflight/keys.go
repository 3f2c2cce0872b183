package preflight

import "strings"

// valueKind is what the values of a condition key, or those that an operator compares, look like.
type valueKind byte

const (
	aText    valueKind = 't'
	aBool    valueKind = 'b'
	aNumber  valueKind = 'n'
	aDate    valueKind = 'd'
	anARN    valueKind = 'a'
	aNetwork valueKind = 'i'
	bytes64  valueKind = '6'
)

// A conditionKey is what AWS documents about one condition key.
type conditionKey struct {
	kind    valueKind
	many    bool     // has several values in one request
	absent  bool     // many requests do not have it, for reasons of the caller and not of the action
	actions []string // the only KMS actions that have it; nil for no such limit
}

var (
	cryptographic = []string{
		"kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey*", createGrant,
		"kms:RetireGrant",
	}
	tagging          = []string{"kms:TagResource", "kms:UntagResource", "kms:CreateKey", "kms:ReplicateKey"}
	importing        = []string{"kms:ImportKeyMaterial"}
	askedForServices = []string{createGrant, "kms:ListGrants", "kms:RevokeGrant"}
	grants           = []string{createGrant}
)

// conditionKeys are in lower case. A name that ends in ":" or "/" stands for all that begin so.
//
// Source: KMS Developer Guide, "AWS KMS condition keys"; IAM User Guide, "AWS global condition context keys".
var conditionKeys = map[string]conditionKey{
	"kms:bypasspolicylockoutsafetycheck": {
		kind: aBool, actions: []string{"kms:CreateKey", putKeyPolicy, "kms:ReplicateKey"}},
	"kms:calleraccount":                          {kind: aText},
	"kms:customermasterkeyspec":                  {kind: aText},
	"kms:customermasterkeyusage":                 {kind: aText},
	"kms:datakeypairspec":                        {kind: aText},
	"kms:encryptionalgorithm":                    {kind: aText},
	"kms:encryptioncontext:":                     {kind: aText, absent: true, actions: cryptographic},
	"kms:encryptioncontextkeys":                  {kind: aText, many: true, absent: true, actions: cryptographic},
	"kms:expirationmodel":                        {kind: aText, actions: importing},
	"kms:grantconstrainttype":                    {kind: aText, actions: []string{createGrant, "kms:RetireGrant"}},
	"kms:grantisforawsresource":                  {kind: aBool, actions: askedForServices},
	"kms:grantoperations":                        {kind: aText, many: true, actions: grants},
	"kms:granteeprincipal":                       {kind: aText, actions: grants},
	"kms:keyagreementalgorithm":                  {kind: aText},
	"kms:keyorigin":                              {kind: aText},
	"kms:keyspec":                                {kind: aText},
	"kms:keyusage":                               {kind: aText},
	"kms:macalgorithm":                           {kind: aText},
	"kms:messagetype":                            {kind: aText},
	"kms:multiregion":                            {kind: aBool},
	"kms:multiregionkeytype":                     {kind: aText},
	"kms:primaryregion":                          {kind: aText},
	"kms:recipientattestation:":                  {kind: aText, absent: true},
	"kms:reencryptonsamekey":                     {kind: aBool, actions: []string{"kms:ReEncryptFrom", "kms:ReEncryptTo"}},
	"kms:replicaregion":                          {kind: aText},
	"kms:requestalias":                           {kind: aText, absent: true},
	"kms:resourcealiases":                        {kind: aText, many: true},
	"kms:retiringprincipal":                      {kind: aText, actions: grants},
	"kms:rotationperiodindays":                   {kind: aNumber, actions: []string{"kms:EnableKeyRotation"}},
	"kms:schedulekeydeletionpendingwindowindays": {kind: aNumber, actions: []string{"kms:ScheduleKeyDeletion"}},
	"kms:signingalgorithm":                       {kind: aText},
	"kms:validto":                                {kind: aNumber, actions: importing},
	"kms:viaservice":                             {kind: aText, absent: true},
	"kms:wrappingalgorithm":                      {kind: aText},
	"kms:wrappingkeyspec":                        {kind: aText},

	"aws:calledvia":                    {kind: aText, many: true, absent: true},
	"aws:calledviafirst":               {kind: aText, absent: true},
	"aws:calledvialast":                {kind: aText, absent: true},
	"aws:currenttime":                  {kind: aDate},
	"aws:ec2instancesourceprivateipv4": {kind: aNetwork, absent: true},
	"aws:ec2instancesourcevpc":         {kind: aText, absent: true},
	"aws:epochtime":                    {kind: aDate},
	"aws:federatedprovider":            {kind: aText, absent: true},
	"aws:multifactorauthage":           {kind: aNumber, absent: true},
	"aws:multifactorauthpresent":       {kind: aBool, absent: true},
	"aws:principalaccount":             {kind: aText},
	"aws:principalarn":                 {kind: anARN},
	"aws:principalisawsservice":        {kind: aBool},
	"aws:principalorgid":               {kind: aText, absent: true},
	"aws:principalorgpaths":            {kind: aText, many: true, absent: true},
	"aws:principalservicename":         {kind: aText, absent: true},
	"aws:principalservicenameslist":    {kind: aText, many: true, absent: true},
	"aws:principaltag/":                {kind: aText, absent: true},
	"aws:principaltype":                {kind: aText},
	"aws:referer":                      {kind: aText, absent: true},
	"aws:requestedregion":              {kind: aText},
	"aws:requesttag/":                  {kind: aText, absent: true, actions: tagging},
	"aws:resourceaccount":              {kind: aText},
	"aws:resourceorgid":                {kind: aText, absent: true},
	"aws:resourceorgpaths":             {kind: aText, many: true, absent: true},
	"aws:resourcetag/":                 {kind: aText, absent: true},
	"aws:securetransport":              {kind: aBool},
	"aws:sourceaccount":                {kind: aText, absent: true},
	"aws:sourcearn":                    {kind: anARN, absent: true},
	"aws:sourceidentity":               {kind: aText, absent: true},
	"aws:sourceip":                     {kind: aNetwork, absent: true},
	"aws:sourceorgid":                  {kind: aText, absent: true},
	"aws:sourceorgpaths":               {kind: aText, many: true, absent: true},
	"aws:sourcevpc":                    {kind: aText, absent: true},
	"aws:sourcevpcarn":                 {kind: anARN, absent: true},
	"aws:sourcevpce":                   {kind: aText, absent: true},
	"aws:tagkeys":                      {kind: aText, many: true, absent: true, actions: tagging},
	"aws:tokenissuetime":               {kind: aDate, absent: true},
	"aws:useragent":                    {kind: aText, absent: true},
	"aws:userid":                       {kind: aText},
	"aws:username":                     {kind: aText, absent: true},
	"aws:viaawsservice":                {kind: aBool},
	"aws:vpcsourceip":                  {kind: aNetwork, absent: true},
}

// knownKey looks a condition key up, in any case.
func knownKey(name string) (conditionKey, bool) {
	name = strings.ToLower(name)
	if k, ok := conditionKeys[name]; ok && !strings.HasSuffix(name, ":") && !strings.HasSuffix(name, "/") {
		return k, true
	}
	end := strings.LastIndexAny(name, ":/")
	if end < len("aws:") || end == len(name)-1 {
		return conditionKey{}, false
	}
	for _, family := range [...]string{
		"kms:encryptioncontext:", "kms:recipientattestation:", "aws:principaltag/", "aws:requesttag/", "aws:resourcetag/",
	} {
		if strings.HasPrefix(name, family) {
			return conditionKeys[family], true
		}
	}
	return conditionKey{}, false
}

// has tells whether requests for a known action can have the key.
func (k conditionKey) has(action string) bool {
	if k.actions == nil {
		return true
	}
	for _, a := range k.actions {
		if glob(a, action) {
			return true
		}
	}
	return false
}

// operatorKinds are the condition operators with what they compare.
//
// Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
var operatorKinds = map[string]valueKind{
	"StringEquals": aText, "StringNotEquals": aText, "StringEqualsIgnoreCase": aText, "StringNotEqualsIgnoreCase": aText,
	"StringLike": aText, "StringNotLike": aText, "NumericEquals": aNumber, "NumericNotEquals": aNumber,
	"NumericLessThan": aNumber, "NumericLessThanEquals": aNumber, "NumericGreaterThan": aNumber,
	"NumericGreaterThanEquals": aNumber, "DateEquals": aDate, "DateNotEquals": aDate, "DateLessThan": aDate,
	"DateLessThanEquals": aDate, "DateGreaterThan": aDate, "DateGreaterThanEquals": aDate, "Bool": aBool,
	"BinaryEquals": bytes64, "IpAddress": aNetwork, "NotIpAddress": aNetwork, "ArnEquals": anARN, "ArnLike": anARN,
	"ArnNotEquals": anARN, "ArnNotLike": anARN, "Null": aBool,
}

// negated tells whether an operator holds for all values but those listed, and without the key.
func negated(operator string) bool { return strings.Contains(operator, "Not") }
