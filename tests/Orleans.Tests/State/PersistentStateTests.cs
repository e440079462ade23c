using Orleans;
using Orleans.Storage;

namespace Atelier.Orleans.Tests.State;

public sealed class PersistentStateTests : IAsyncLifetime
{
    private TestSilo _silo = null!;

    private ICountGrain Grain => _silo.Grains.GetGrain<ICountGrain>(42);

    public async ValueTask InitializeAsync() => _silo = await TestSilo.StartAsync();

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task State_OfAGrainThatNeverWrote_IsNew() => Assert.Equal((0, false, null), await Grain.Get());

    [Fact]
    public async Task State_ThatWasWritten_IsThereAtTheNextActivation()
    {
        await Grain.Add(3);
        await Grain.End();

        Assert.Equal((3, true, "1"), await Grain.Get());
        Assert.Equal(5, await Grain.Add(2));
    }

    [Fact]
    public async Task State_ThatWasCleared_IsNew()
    {
        await Grain.Add(3);

        await Grain.Clear();

        Assert.Equal((0, false, null), await Grain.Get());
        Assert.Equal(1, await Grain.Add(1));
    }

    [Fact]
    public async Task Write_OverAnothersWrite_FailsAndTheNextCallReadsAgain()
    {
        await Grain.Add(3);
        _silo.Storage.Overwrite(Grain.GetGrainId(), "count", """{"Value": 10}""");

        await Assert.ThrowsAsync<InconsistentStateException>(() => Grain.Add(1));

        Assert.Equal(11, await Grain.Add(1));
    }

    [Fact]
    public async Task Storage_ThatTheSiloDoesNotHave_FailsTheCallAndIsNamed()
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => _silo.Grains.GetGrain<IHomelessGrain>(Guid.NewGuid()).Touch());

        Assert.Contains("nowhere", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_OfEachKind_ComeBack()
    {
        var guid = Guid.NewGuid();

        Assert.Equal(-42, _silo.Grains.GetGrain<ICountGrain>(-42).GetPrimaryKeyLong());
        Assert.Equal(guid, _silo.Grains.GetGrain<IHomelessGrain>(guid).GetPrimaryKey());
        Assert.Equal("count/2A", Grain.GetGrainId().ToString());
    }
}
