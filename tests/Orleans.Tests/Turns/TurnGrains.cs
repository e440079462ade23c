using Orleans;
using Orleans.Concurrency;

namespace Atelier.Orleans.Tests.Turns;

public interface ITurnGrain : IGrainWithStringKey
{
    /// <summary>Notes when it begins and ends, with awaits in between.</summary>
    Task Step(string name);

    /// <summary>Says that it began, then waits for a moment.</summary>
    Task WaitFor(string name);

    /// <summary>Says that a moment has come; never waits for another call.</summary>
    [AlwaysInterleave]
    Task Set(string name);

    Task<string?> Local();

    /// <summary>Uses what belongs to the grain, on a thread of the grain or not.</summary>
    Task UseTimer(bool leave);

    /// <summary>Calls another grain, which calls this one.</summary>
    Task CallThrough(string other);

    /// <summary>Calls a grain by its name.</summary>
    Task Call(string target);

    [OneWay]
    Task Forget(string name);

    ValueTask<int> Fail();
}

public interface IReentrantTurnGrain : IGrainWithStringKey
{
    Task WaitFor(string name);

    Task Set(string name);

    /// <summary>Adds one between two awaits, without a lock.</summary>
    Task<int> Add();
}

public sealed class TurnGrain(Signals signals) : Grain, ITurnGrain
{
    /// <summary>Must not arrive in a grain.</summary>
    public static readonly AsyncLocal<string?> Flows = new();

    public async Task Step(string name)
    {
        signals.Note($"{name} begins");
        await Task.Yield();
        await Task.Run(() => { });
        signals.Note($"{name} ends");
    }

    public async Task WaitFor(string name)
    {
        signals.Set($"{name} began");
        await signals.WaitAsync(name);
    }

    public Task Set(string name)
    {
        signals.Set(name);
        return Task.CompletedTask;
    }

    public Task<string?> Local() => Task.FromResult(Flows.Value);

    public async Task UseTimer(bool leave)
    {
        await Task.Run(() => { }).ConfigureAwait(!leave);
        this.RegisterGrainTimer(_ => Task.CompletedTask, TimeSpan.FromDays(1), TimeSpan.FromDays(1)).Dispose();
    }

    public Task CallThrough(string other) => GrainFactory.GetGrain<ITurnGrain>(other).Call(this.GetPrimaryKeyString());

    public Task Call(string target) => GrainFactory.GetGrain<ITurnGrain>(target).Step("inner");

    public Task Forget(string name)
    {
        signals.Set(name);
        throw new InvalidOperationException("Nobody hears of this.");
    }

    public async ValueTask<int> Fail()
    {
        await Task.Yield();
        throw new FormatException("as the grain threw it");
    }
}

[Reentrant]
public sealed class ReentrantTurnGrain(Signals signals) : Grain, IReentrantTurnGrain
{
    private int _sum;

    public async Task WaitFor(string name)
    {
        signals.Set($"{name} began");
        await signals.WaitAsync(name);
    }

    public Task Set(string name)
    {
        signals.Set(name);
        return Task.CompletedTask;
    }

    public async Task<int> Add()
    {
        await Task.Yield();
        var before = _sum;
        Thread.SpinWait(100);
        _sum = before + 1;
        await Task.Yield();
        return _sum;
    }
}
