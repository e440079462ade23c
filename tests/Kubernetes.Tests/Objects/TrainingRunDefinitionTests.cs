using System.Text.Json.Nodes;
using Atelier.Core.Specs;
using Atelier.Kubernetes.Objects;
using Atelier.Kubernetes.Tests.ApiServer;
using Atelier.Kubernetes.Tests.Operator;
using Atelier.TestKit;

namespace Atelier.Kubernetes.Tests.Objects;

/// <summary>The definition of <c>TrainingRun</c>: the file is what the spec's keys say, and it takes and refuses what it should.</summary>
public sealed class TrainingRunDefinitionTests
{
    private const string FileName = "deploy/k8s/crd/trainingruns.yaml";

    private static readonly JsonObject Definition = JsonNode.Parse(TrainingRunDefinition.Create().ToJsonString())!.AsObject();

    private static readonly JsonObject Schema = Definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!.AsObject();

    [Fact]
    public void File_IsWhatTheSpecKeysSay()
    {
        var expected = "# Made from the table of spec keys; a test compares. ATELIER_WRITE=1 ./atelier test --only TrainingRunDefinition writes it.\n" + ObjectYaml.Write(Definition).TrimEnd() + "\n";
        if (Environment.GetEnvironmentVariable("ATELIER_WRITE") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Repository.Full(FileName))!);
            File.WriteAllText(Repository.Full(FileName), expected);
        }

        Assert.Equal(expected, Repository.Read(FileName));
    }

    [Fact]
    public void Keys_ThatPeopleSet_AreAllThere() =>
        Assert.Equal(
            SpecKeys.All.Where(key => key.SetBy.Length == 0).Select(key => key.Name),
            Schema["properties"]!["spec"]!["properties"]!["spec"]!["properties"]!.AsObject().Select(property => property.Key));

    /// <summary>Whatever a key's own default is, and whatever it is in a recipe, the schema takes.</summary>
    [Fact]
    public void Values_OfDefaultsAndRecipes_AreTaken()
    {
        foreach (var name in Recipes.Names)
        {
            var spec = Recipes.Named(name).Values.Aggregate(new RunSpec(), (changed, assignment) => assignment.ApplyTo(changed));
            var keys = JsonNode.Parse(RunSpecJson.Write(spec))!.AsObject();
            foreach (var none in keys.Where(key => key.Value is null).Select(key => key.Key).ToList()) keys[none] = SpecText.None;
            foreach (var given in SpecKeys.All.Where(key => key.SetBy.Length > 0)) keys.Remove(given.Name);
            var run = OperatorBench.Run("faces", "");
            run["spec"]!["spec"] = keys;
            Assert.Empty(StructuralSchema.Problems(Schema, run, null));
        }
    }

    [Theory]
    [InlineData("\"spec\": {\"resolution\": \"512x384\", \"metrics\": [\"rfd\", \"fid50k_full\"], \"conv-clamp\": \"none\", \"lanes\": 4, \"cache-bytes\": \"2g\"}")]
    [InlineData("\"workers\": {\"min\": 1, \"max\": 4, \"resources\": {\"limits\": {\"nvidia.com/gpu\": 1, \"memory\": \"8Gi\", \"cpu\": \"500m\"}}}")]
    [InlineData("\"onDelete\": \"Keep\", \"suspend\": true, \"priority\": -5, \"recipe\": \"demo\"")]
    [InlineData("\"spec\": {\"batch\": 32, \"shard\": 4, \"mbstd-group\": 4}, \"workers\": {\"count\": 8}")]
    public void Objects_ThatAreGood_AreTaken(string more) => Assert.Empty(StructuralSchema.Problems(Schema, Run(more), null));

    [Theory]
    [InlineData("\"spec\": {\"batch\": 0}", ".spec.spec.batch")]
    [InlineData("\"spec\": {\"batch\": 32.5}", ".spec.spec.batch")]
    [InlineData("\"spec\": {\"batch\": \"32\"}", ".spec.spec.batch")]
    [InlineData("\"spec\": {\"batch\": null}", ".spec.spec.batch")]
    [InlineData("\"spec\": {\"lr\": 0}", ".spec.spec.lr")]
    [InlineData("\"spec\": {\"beta1\": 1}", ".spec.spec.beta1")]
    [InlineData("\"spec\": {\"aug\": \"some\"}", ".spec.spec.aug")]
    [InlineData("\"spec\": {\"resolution\": \"256 by 256\"}", ".spec.spec.resolution")]
    [InlineData("\"spec\": {\"metrics\": [\"a b\"]}", ".spec.spec.metrics[0]")]
    [InlineData("\"spec\": {\"batch\": 30, \"shard\": 4}", "shard must divide batch")]
    [InlineData("\"spec\": {\"shard\": 4, \"mbstd-group\": 3}", "mbstd-group must divide shard")]
    [InlineData("\"spec\": {\"batch\": 32, \"shard\": 4}, \"workers\": {\"count\": 9}", "at most batch / shard")]
    [InlineData("\"workers\": {}", "either count, or min and max")]
    [InlineData("\"workers\": {\"min\": 1}", "either count, or min and max")]
    [InlineData("\"workers\": {\"count\": 2, \"max\": 3}", "either count, or min and max")]
    [InlineData("\"workers\": {\"min\": 3, \"max\": 2}", "min must not be more than max")]
    [InlineData("\"workers\": {\"count\": 0}", ".spec.workers.count")]
    [InlineData("\"workers\": {\"count\": 2, \"resources\": {\"limits\": {\"memory\": \"much\"}}}", ".spec.workers.resources.limits.memory")]
    [InlineData("\"workers\": {\"count\": 2, \"gpus\": 1}", "unknown field \"spec.workers.gpus\"")]
    [InlineData("\"onDelete\": \"Explode\"", ".spec.onDelete")]
    [InlineData("\"prioritty\": 1", "unknown field \"spec.prioritty\"")]
    public void Objects_ThatAreBad_AreRefused(string more, string problem) =>
        Assert.Contains(StructuralSchema.Problems(Schema, Run(more), null), found => found.Contains(problem, StringComparison.Ordinal));

    [Theory]
    [InlineData("Faces")]
    [InlineData("my.run")]
    [InlineData("a-name-that-is-longer-than-any-host-name-of-a-worker-1")]
    public void Names_ThatAreNoHostNames_AreRefused(string name) =>
        Assert.Contains(StructuralSchema.Problems(Schema, OperatorBench.Run(name, ""), null), found => found.Contains("metadata.name", StringComparison.Ordinal));

    [Theory]
    [InlineData("\"suspend\": true", null)]
    [InlineData("\"workers\": {\"count\": 4}", null)]
    [InlineData("\"recipe\": \"demo\"", "recipe cannot change")]
    [InlineData("\"spec\": {\"kimg\": 200}", "spec cannot change")]
    [InlineData("\"priority\": 4", "priority cannot change")]
    public void Changes_OfWhatTheRunIs_AreRefused(string more, string? problem)
    {
        var problems = StructuralSchema.Problems(Schema, Run(more), Run("\"priority\": 3"));
        // What is not about the change is the same in both.
        if (!more.Contains("priority", StringComparison.Ordinal)) problems.Remove(".spec: priority cannot change; create a run with another name");
        if (problem is null) Assert.Empty(problems);
        else Assert.Contains(problems, found => found.Contains(problem, StringComparison.Ordinal));
    }

    private static JsonObject Run(string more)
    {
        var run = OperatorBench.Run("faces", "");
        var spec = run["spec"]!.AsObject();
        spec.Remove("spec");
        foreach (var (name, value) in JsonNode.Parse($"{{{more}}}")!.AsObject()) spec[name] = value?.DeepClone();
        return run;
    }
}
