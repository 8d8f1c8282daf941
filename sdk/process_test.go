package sdk_test

func probeMain(string) {}
