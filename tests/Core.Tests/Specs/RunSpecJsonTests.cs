using Atelier.Core.Specs;

namespace Atelier.Core.Tests.Specs;

public class RunSpecJsonTests
{
    [Fact]
    public void Read_WhatWasWritten_GivesTheSpecBack()
    {
        var spec = Samples.AllChanged();
        Assert.Equal(spec, RunSpecJson.Read(RunSpecJson.Write(spec), "run.json"));
        Assert.Equal(new RunSpec(), RunSpecJson.Read(RunSpecJson.Write(new RunSpec()), "run.json"));
    }

    [Fact]
    public void Read_Numbers_RoundTripToTheLastBit()
    {
        var spec = new RunSpec { Lr = 0.1 + 0.2, Gamma = 1.0 / 3, Eps = double.Epsilon };
        Assert.Equal(spec, RunSpecJson.Read(RunSpecJson.Write(spec), "run.json"));
    }

    [Fact]
    public void Write_Values_HaveTheirJsonKinds()
    {
        var json = RunSpecJson.Write(new RunSpec { Resolution = new(64, 64), Metrics = new("fid50k_full") });
        Assert.Contains("\"resolution\": 64,", json, StringComparison.Ordinal);
        Assert.Contains("\"ema-rampup\": null,", json, StringComparison.Ordinal);
        Assert.Contains("\"mirror\": false,", json, StringComparison.Ordinal);
        Assert.Contains("\"g-arch\": \"skip\",", json, StringComparison.Ordinal);
        Assert.Matches("\"metrics\": \\[\\s+\"fid50k_full\"\\s+\\]", json);
    }

    [Fact]
    public void Read_AbsentKeys_HaveDefaults() =>
        Assert.Equal(new RunSpec { Gamma = 3 }, RunSpecJson.Read("""{ "gamma": 3 }""", "x"));

    [Theory]
    [InlineData("""{ "gama": 3 }""", "x: there is no key `gama`. Did you mean `gamma`?")]
    [InlineData("""{ "gamma": "big" }""", "x: `gamma` cannot be `big`; use a number of at least 0.")]
    [InlineData("""{ "gamma": {} }""", "x: `gamma` cannot be an object.")]
    [InlineData("""{ "gamma": 1, "gamma": 2 }""", "x: the key `gamma` appears twice.")]
    [InlineData("""{ "recipe": "\ud800" }""", "x is not valid JSON: Cannot read incomplete UTF-16 JSON text as string with missing low surrogate.")]
    [InlineData("""[1]""", "x: expected an object of spec keys.")]
    public void Read_Mistake_NamesSourceAndKey(string json, string message) =>
        Assert.Equal(message, Assert.Throws<UserErrorException>(() => RunSpecJson.Read(json, "x")).Message);

    [Fact]
    public void Read_BrokenJson_NamesTheLine()
    {
        var error = Assert.Throws<UserErrorException>(() => RunSpecJson.Read("{\n \"gamma\": 1", "x"));
        Assert.StartsWith("x is not valid JSON: line 2", error.Message, StringComparison.Ordinal);
    }
}
