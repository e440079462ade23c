using Atelier.Coordinator.Storage;

namespace Atelier.Coordinator.Tests.Storage;

/// <summary>What the lease promises, on whatever database.</summary>
public abstract class LeaseConformance : DatabaseConformance
{
    private static readonly TimeSpan TenSeconds = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Acquire_OfAFreshDatabase_GivesTheFirstTerm()
    {
        Assert.Null(await First.Lease.ObserveAsync(Cancellation));

        Assert.Equal(1, await First.Lease.TryAcquireAsync("a", TenSeconds, Cancellation));

        var seen = await Second.Lease.ObserveAsync(Cancellation);
        Assert.Equal(new LeaseState(1, "a", TenSeconds), seen);
    }

    [Fact]
    public async Task Acquire_WhileHeld_GivesNothing()
    {
        await First.Lease.TryAcquireAsync("a", TenSeconds, Cancellation);
        await AdvanceAsync(9.999);

        Assert.Null(await Second.Lease.TryAcquireAsync("b", TenSeconds, Cancellation));
        Assert.Null(await First.Lease.TryAcquireAsync("a", TenSeconds, Cancellation));
        Assert.Equal(1, (await Second.Lease.ObserveAsync(Cancellation))!.Term);
    }

    [Fact]
    public async Task Acquire_AfterItRanOut_RaisesTheTerm()
    {
        await First.Lease.TryAcquireAsync("a", TenSeconds, Cancellation);
        await AdvanceAsync(10);
        Assert.False((await Second.Lease.ObserveAsync(Cancellation))!.IsHeld);

        Assert.Equal(2, await Second.Lease.TryAcquireAsync("b", TenSeconds, Cancellation));
        Assert.Equal("b", (await First.Lease.ObserveAsync(Cancellation))!.Holder);
    }

    [Fact]
    public async Task Renew_InTime_LastsFromThen()
    {
        var term = await First.Lease.TryAcquireAsync("a", TenSeconds, Cancellation);
        await AdvanceAsync(9);

        Assert.True(await First.Lease.RenewAsync(term!.Value, TenSeconds, Cancellation));

        await AdvanceAsync(9);
        Assert.Equal(TimeSpan.FromSeconds(1), (await First.Lease.ObserveAsync(Cancellation))!.Remaining);
    }

    [Fact]
    public async Task Renew_AfterItRanOut_IsRefusedThoughNobodyElseCame()
    {
        var term = await First.Lease.TryAcquireAsync("a", TenSeconds, Cancellation);
        await AdvanceAsync(10);

        Assert.False(await First.Lease.RenewAsync(term!.Value, TenSeconds, Cancellation));
    }

    [Fact]
    public async Task Renew_OfAnEarlierTerm_IsRefused()
    {
        var old = await First.Lease.TryAcquireAsync("a", TenSeconds, Cancellation);
        await AdvanceAsync(10);
        await Second.Lease.TryAcquireAsync("b", TenSeconds, Cancellation);

        Assert.False(await First.Lease.RenewAsync(old!.Value, TenSeconds, Cancellation));
    }

    [Fact]
    public async Task Release_OfTheHolder_LetsTheNextInUnderANewTerm()
    {
        var term = await First.Lease.TryAcquireAsync("a", TenSeconds, Cancellation);

        await First.Lease.ReleaseAsync(term!.Value, Cancellation);

        Assert.False(await First.Lease.RenewAsync(term.Value, TenSeconds, Cancellation));
        Assert.Equal(2, await Second.Lease.TryAcquireAsync("b", TenSeconds, Cancellation));
    }

    [Fact]
    public async Task Release_OfAnEarlierTerm_DoesNothing()
    {
        var old = await First.Lease.TryAcquireAsync("a", TenSeconds, Cancellation);
        await AdvanceAsync(10);
        await Second.Lease.TryAcquireAsync("b", TenSeconds, Cancellation);

        await First.Lease.ReleaseAsync(old!.Value, Cancellation);

        Assert.True((await Second.Lease.ObserveAsync(Cancellation))!.IsHeld);
    }

    [Fact]
    public async Task Acquire_ByManyAtOnce_GivesItToOne()
    {
        for (var round = 1; round <= 5; round++)
        {
            var terms = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
                Task.Run(() => (i % 2 == 0 ? First : Second).Lease.TryAcquireAsync($"{i}", TenSeconds, Cancellation))));

            Assert.Equal(round, Assert.Single(terms, term => term is not null));
            await AdvanceAsync(10);
        }
    }

    [Fact]
    public async Task Clock_OfTheDatabaseItself_Goes()
    {
        await using var database = Open();
        Assert.Equal(1, await database.Lease.TryAcquireAsync("a", TimeSpan.FromHours(1), Cancellation));
        var seen = await database.Lease.ObserveAsync(Cancellation);
        Assert.InRange(seen!.Remaining, TimeSpan.FromMinutes(30), TimeSpan.FromHours(1));

        Assert.True(await database.Lease.RenewAsync(1, TimeSpan.FromMilliseconds(1), Cancellation));

        long? next;
        do
            next = await database.Lease.TryAcquireAsync("b", TimeSpan.FromHours(1), Cancellation);
        while (next is null);
        Assert.Equal(2, next);
    }
}
