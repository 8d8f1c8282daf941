package main

import (
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

func TestSettingsThatCannotWorkAreNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dialect, setting string
		value            any
		pointer          string
	}{
		"no dialect":        {webpay, "dialect", nil, "/dialect"},
		"a dialect unheard": {webpay, "dialect", "cashin", "/dialect"},
		"no country":        {webpay, "country", nil, "/country"},
		"another country":   {webpay, "country", "SN", "/country"},
		"no merchant key":   {webpay, "merchantKey", nil, "/merchantKey"},
		"no return address": {webpay, "returnUrl", nil, "/returnUrl"},
		"no cancel address": {webpay, "cancelUrl", nil, "/cancelUrl"},
		"other dialect":     {webpay, "dialect", core, "/authToken /channelNumber /pin"},
		"no API token":      {core, "authToken", nil, "/authToken"},
		"no channel number": {core, "channelNumber", nil, "/channelNumber"},
		"no PIN":            {core, "pin", nil, "/pin"},
		"too patient":       {core, "timeout", "55s", "/timeout"},
		"no duration":       {core, "timeout", "soon", "/timeout"},
		"reason of success": {core, "reasons", []map[string]string{{"text": "ok", "status": "SUCCESS"}}, "/reasons/0/status"},
		"address with user": {core, "baseUrl", "http://a:b@127.0.0.1/", ""},
	} {
		b := setup(t, c.dialect)
		b.Set(c.setting, c.value)
		failure := b.Check(t)
		if failure.GetClass() != classMisconfigured {
			t.Errorf("%s: %v", name, failure)
			continue
		}
		var at []string
		for _, f := range failure.GetFields() {
			at = append(at, f.GetPointer())
		}
		if !strings.Contains(strings.Join(at, " "), c.pointer) {
			t.Errorf("%s: faults at %v, want %s", name, at, c.pointer)
		}
	}
}

func TestACheckProvesWhatItCan(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dialect, setting, value string
		class                   string
	}{
		"client secret":        {webpay, "clientSecret", "another-secret", "CLASS_UNAUTHORIZED"},
		"client secret (core)": {core, "clientSecret", "another-secret", "CLASS_UNAUTHORIZED"},
		"place":                {webpay, "place", "sn", "CLASS_MISCONFIGURED"},
		"API token":            {core, "authToken", "another-token", "CLASS_UNAUTHORIZED"},
		"path":                 {core, "corePath", "/nowhere", "CLASS_MISCONFIGURED"},
	} {
		b := setup(t, c.dialect)
		if failure := b.Check(t); failure != nil {
			t.Fatalf("%s: %v", name, failure)
		}
		b.Set(c.setting, c.value)
		if failure := b.Check(t); failure.GetClass().String() != c.class {
			t.Errorf("%s: check says %v", name, failure)
		}
	}
}

func TestFaultsOfTheConfigurationEndNoPayment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dialect, setting, value string
		class                   connectorpb.Class
		code, field             string
	}{
		"secret":        {webpay, "clientSecret", "another-secret", classUnauthorized, "keys_refused", ""},
		"merchant key":  {webpay, "merchantKey", "another-key", classMisconfigured, "setting_refused", "/merchantKey"},
		"place":         {webpay, "place", "sn", classMisconfigured, "not_subscribed", ""},
		"address":       {webpay, "baseUrl", "/nowhere", classMisconfigured, "path_unknown", ""},
		"core's secret": {core, "clientSecret", "another-secret", classUnauthorized, "keys_refused", ""},
		"API token":     {core, "authToken", "another-token", classUnauthorized, "keys_refused", ""},
		"PIN":           {core, "pin", "00000", classMisconfigured, "not_allowed", ""},
		"core's path":   {core, "corePath", "/nowhere", classMisconfigured, "path_unknown", ""},
	} {
		b := setup(t, c.dialect)
		if name == "address" {
			c.value = b.url + "/nowhere"
		}
		b.Set(c.setting, c.value)
		failure := b.WantError(t, schemas.OpPaymentCollect, payment(), c.class, c.code)
		if c.field != "" && (len(failure.GetFields()) != 1 || failure.GetFields()[0].GetPointer() != c.field || failure.GetVendorCode() == "") {
			t.Errorf("%s: %v", name, failure)
		}
		if _, known := b.net.Find("orange", reference); known {
			t.Errorf("%s: Orange took the order", name)
		}
	}
}

func TestOrangesCurrencyIsASetting(t *testing.T) {
	t.Parallel()
	b := setup(t, webpay)
	b.Set("currency", "XAF")
	in := payment()
	in.Currency = "XAF"
	failure := b.WantError(t, schemas.OpPaymentCollect, in, classMisconfigured, "setting_refused")
	if len(failure.GetFields()) != 1 || failure.GetFields()[0].GetPointer() != "/currency" {
		t.Errorf("%v", failure)
	}
}
