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

// conditionKeys are spelt as AWS does, although case does not matter. A name that ends in ":" or "/" stands for
// all that begin so.
//
// Source: KMS Developer Guide, "AWS KMS condition keys"; IAM User Guide, "AWS global condition context keys".
var conditionKeys = map[string]conditionKey{
	"kms:BypassPolicyLockoutSafetyCheck": {
		kind: aBool, actions: []string{"kms:CreateKey", putKeyPolicy, "kms:ReplicateKey"}},
	"kms:CallerAccount":                          {kind: aText},
	"kms:CustomerMasterKeySpec":                  {kind: aText},
	"kms:CustomerMasterKeyUsage":                 {kind: aText},
	"kms:DataKeyPairSpec":                        {kind: aText},
	"kms:EncryptionAlgorithm":                    {kind: aText},
	"kms:EncryptionContext:":                     {kind: aText, absent: true, actions: cryptographic},
	"kms:EncryptionContextKeys":                  {kind: aText, many: true, absent: true, actions: cryptographic},
	"kms:ExpirationModel":                        {kind: aText, actions: importing},
	"kms:GrantConstraintType":                    {kind: aText, actions: []string{createGrant, "kms:RetireGrant"}},
	"kms:GrantIsForAWSResource":                  {kind: aBool, actions: askedForServices},
	"kms:GrantOperations":                        {kind: aText, many: true, actions: grants},
	"kms:GranteePrincipal":                       {kind: aText, actions: grants},
	"kms:KeyAgreementAlgorithm":                  {kind: aText},
	"kms:KeyOrigin":                              {kind: aText},
	"kms:KeySpec":                                {kind: aText},
	"kms:KeyUsage":                               {kind: aText},
	"kms:MacAlgorithm":                           {kind: aText},
	"kms:MessageType":                            {kind: aText},
	"kms:MultiRegion":                            {kind: aBool},
	"kms:MultiRegionKeyType":                     {kind: aText},
	"kms:PrimaryRegion":                          {kind: aText},
	"kms:RecipientAttestation:":                  {kind: aText, absent: true},
	"kms:ReEncryptOnSameKey":                     {kind: aBool, actions: []string{"kms:ReEncryptFrom", "kms:ReEncryptTo"}},
	"kms:ReplicaRegion":                          {kind: aText},
	"kms:RequestAlias":                           {kind: aText, absent: true},
	"kms:ResourceAliases":                        {kind: aText, many: true},
	"kms:RetiringPrincipal":                      {kind: aText, actions: grants},
	"kms:RotationPeriodInDays":                   {kind: aNumber, actions: []string{"kms:EnableKeyRotation"}},
	"kms:ScheduleKeyDeletionPendingWindowInDays": {kind: aNumber, actions: []string{"kms:ScheduleKeyDeletion"}},
	"kms:SigningAlgorithm":                       {kind: aText},
	"kms:ValidTo":                                {kind: aNumber, actions: importing},
	"kms:ViaService":                             {kind: aText, absent: true},
	"kms:WrappingAlgorithm":                      {kind: aText},
	"kms:WrappingKeySpec":                        {kind: aText},

	"aws:CalledVia":                    {kind: aText, many: true, absent: true},
	"aws:CalledViaFirst":               {kind: aText, absent: true},
	"aws:CalledViaLast":                {kind: aText, absent: true},
	"aws:CurrentTime":                  {kind: aDate},
	"aws:Ec2InstanceSourcePrivateIPv4": {kind: aNetwork, absent: true},
	"aws:Ec2InstanceSourceVpc":         {kind: aText, absent: true},
	"aws:EpochTime":                    {kind: aDate},
	"aws:FederatedProvider":            {kind: aText, absent: true},
	"aws:MultiFactorAuthAge":           {kind: aNumber, absent: true},
	"aws:MultiFactorAuthPresent":       {kind: aBool, absent: true},
	"aws:PrincipalAccount":             {kind: aText},
	"aws:PrincipalArn":                 {kind: anARN},
	"aws:PrincipalIsAWSService":        {kind: aBool},
	"aws:PrincipalOrgID":               {kind: aText, absent: true},
	"aws:PrincipalOrgPaths":            {kind: aText, many: true, absent: true},
	"aws:PrincipalServiceName":         {kind: aText, absent: true},
	"aws:PrincipalServiceNamesList":    {kind: aText, many: true, absent: true},
	"aws:PrincipalTag/":                {kind: aText, absent: true},
	"aws:PrincipalType":                {kind: aText},
	"aws:referer":                      {kind: aText, absent: true},
	"aws:RequestedRegion":              {kind: aText},
	"aws:RequestTag/":                  {kind: aText, absent: true, actions: tagging},
	"aws:ResourceAccount":              {kind: aText},
	"aws:ResourceOrgID":                {kind: aText, absent: true},
	"aws:ResourceOrgPaths":             {kind: aText, many: true, absent: true},
	"aws:ResourceTag/":                 {kind: aText, absent: true},
	"aws:SecureTransport":              {kind: aBool},
	"aws:SourceAccount":                {kind: aText, absent: true},
	"aws:SourceArn":                    {kind: anARN, absent: true},
	"aws:SourceIdentity":               {kind: aText, absent: true},
	"aws:SourceIp":                     {kind: aNetwork, absent: true},
	"aws:SourceOrgID":                  {kind: aText, absent: true},
	"aws:SourceOrgPaths":               {kind: aText, many: true, absent: true},
	"aws:SourceVpc":                    {kind: aText, absent: true},
	"aws:SourceVpcArn":                 {kind: anARN, absent: true},
	"aws:SourceVpce":                   {kind: aText, absent: true},
	"aws:TagKeys":                      {kind: aText, many: true, absent: true, actions: tagging},
	"aws:TokenIssueTime":               {kind: aDate, absent: true},
	"aws:UserAgent":                    {kind: aText, absent: true},
	"aws:userid":                       {kind: aText},
	"aws:username":                     {kind: aText, absent: true},
	"aws:ViaAWSService":                {kind: aBool},
	"aws:VpcSourceIp":                  {kind: aNetwork, absent: true},
}

// keysInLowerCase are the condition keys, to be found in any case.
var keysInLowerCase = func() map[string]conditionKey {
	lower := map[string]conditionKey{}
	for name, k := range conditionKeys {
		lower[strings.ToLower(name)] = k
	}
	return lower
}()

// knownKey looks a condition key up, in any case.
func knownKey(name string) (conditionKey, bool) {
	name = strings.ToLower(name)
	if k, ok := keysInLowerCase[name]; ok && !strings.HasSuffix(name, ":") && !strings.HasSuffix(name, "/") {
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
			return keysInLowerCase[family], true
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
