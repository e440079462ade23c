using Orleans;
using Orleans.Runtime;

namespace Atelier.Orleans.Tests.Activations;

public interface ILifeGrain : IGrainWithStringKey
{
    /// <summary>Which instance answers.</summary>
    Task<Guid> Instance();

    /// <summary>Asks for the end, then waits for a moment.</summary>
    Task<Guid> EndAfter(string moment);

    /// <summary>Waits for a moment, and notes when it has come.</summary>
    Task WaitFor(string moment);

    Task KeepFor(TimeSpan time);

    /// <summary>Ticks every second, noting it; the named tick fails, or waits for a moment.</summary>
    Task Tick(int failing, int waiting, bool interleave = false);

    Task StopTicking();
}

/// <summary>Notes what happens to it. The key tells how it behaves: <c>broken</c> cannot be activated, <c>slow</c> waits in its end.</summary>
public sealed class LifeGrain(Signals signals) : Grain, ILifeGrain
{
    private readonly Guid _instance = Guid.NewGuid();
    private IGrainTimer? _timer;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (this.GetPrimaryKeyString() == "broken")
            throw new InvalidOperationException("cannot be activated");
        signals.Note("activated");
        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (this.GetPrimaryKeyString() == "slow")
            await signals.WaitAsync("may end");
        signals.Note($"deactivated: {reason.ReasonCode}");
        signals.Set("deactivated");
    }

    public Task<Guid> Instance() => Task.FromResult(_instance);

    public async Task<Guid> EndAfter(string moment)
    {
        DeactivateOnIdle();
        signals.Set($"{moment} began");
        await signals.WaitAsync(moment);
        return _instance;
    }

    public async Task WaitFor(string moment)
    {
        signals.Set($"{moment} began");
        await signals.WaitAsync(moment);
        signals.Note(moment);
    }

    public Task KeepFor(TimeSpan time)
    {
        DelayDeactivation(time);
        return Task.CompletedTask;
    }

    public Task Tick(int failing, int waiting, bool interleave = false)
    {
        var ticks = 0;
        var second = TimeSpan.FromSeconds(1);
        _timer = this.RegisterGrainTimer(
            async _ =>
            {
                var tick = ++ticks;
                signals.Note($"tick {tick}");
                signals.Set($"tick {tick}");
                if (tick == waiting)
                    await signals.WaitAsync("tick may end");
                if (tick == failing)
                    throw new InvalidOperationException("this tick failed");
            },
            new GrainTimerCreationOptions(second, second) { Interleave = interleave });
        return Task.CompletedTask;
    }

    public Task StopTicking()
    {
        _timer!.Dispose();
        return Task.CompletedTask;
    }
}
