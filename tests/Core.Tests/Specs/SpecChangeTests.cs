using Atelier.Core.Specs;

namespace Atelier.Core.Tests.Specs;

public class SpecChangeTests
{
    private static readonly RunSpec Old = new() { Resolution = new(64, 64) };

    private static ChangeDecision Decide(RunSpec changed) => SpecChange.Decide(SpecChange.Between(Old, changed), 3);

    [Fact]
    public void Decide_NothingOrFreeKeys_Continues()
    {
        Assert.Empty(Assert.IsType<ChangeDecision.Continue>(Decide(Old)).Changes);
        var decision = Assert.IsType<ChangeDecision.Continue>(Decide(Old with { Kimg = 7, KeepLast = 9, Metrics = new("kid50k_full") }));
        Assert.Equal(["kimg", "keep-last", "metrics"], decision.Changes.Select(change => change.Key.Name));
    }

    [Fact]
    public void Decide_BranchingKey_TakesTheNextBranch()
    {
        var decision = Assert.IsType<ChangeDecision.Branch>(Decide(Old with { Gamma = 2, Kimg = 7 }));
        Assert.Equal(4u, decision.Number);
        Assert.Equal(2, decision.Changes.Count);
    }

    [Fact]
    public void Decide_ArchitectureKey_IsRefusedNamingBothValues()
    {
        var decision = Assert.IsType<ChangeDecision.Refuse>(Decide(Old with { ChannelBase = 16384, GArch = NetworkArchitecture.Orig, Gamma = 2 }));
        Assert.Contains("channel-base 16384 (the run has 32768); g-arch orig (the run has skip)", decision.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("gamma", decision.Message, StringComparison.Ordinal);
    }

    /// <summary>The classes of the design, §4: a change of class here changes what resuming means.</summary>
    [Theory]
    [InlineData(ChangeClass.Free, "kimg keep-last keep-best keep-every metrics metrics-every lanes cache-bytes max-megapixels threads snapshot-kimg image-kimg tick-kimg")]
    [InlineData(ChangeClass.Branching, "gamma lr batch shard data-images data-digest seed mirror freeze-d style-mixing mbstd-group")]
    [InlineData(ChangeClass.Refused, "resolution channel-base channel-max mapping-layers z-dim w-dim g-arch d-arch label-dim mbstd-channels")]
    public void Change_Class_IsTheDesigns(ChangeClass change, string keys) =>
        Assert.All(keys.Split(' '), key => Assert.Equal(change, SpecKeys.Find(key).Change));
}
