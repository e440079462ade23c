namespace Orleans.Runtime;

/// <summary>A timer on the silo's clock whose ticks are requests to its own activation.</summary>
internal sealed class GrainTimer : IGrainTimer
{
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly GrainTimerCreationOptions _options;
    private readonly CancellationTokenSource _ended = new();
    private readonly ITimer _timer;
    private TimeSpan _period;

    public GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        _activation = activation;
        _callback = callback;
        _options = options;
        _period = options.Period;
        // The timer outlives the call that registers it, so what flows with that call must not flow into the ticks.
        using (FlowSuppression.Enter())
            _timer = activation.Silo.Time.CreateTimer(_ => Tick(), null, options.DueTime, Timeout.InfiniteTimeSpan);
    }

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        _period = period;
        _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        _ended.Cancel();
        _timer.Dispose();
        _activation.Forget(this);
    }

    private void Tick() =>
        _activation.TryEnqueue(new Request($"{_activation.GrainId} timer", caller: null, RunAsync)
        {
            MayInterleave = _options.Interleave || _activation.Silo.Classes.IsReentrant(_activation.GrainId.Type),
            KeepsAlive = _options.KeepAlive,
            EndsWithActivation = true,
        });

    private async Task<object?> RunAsync(object grain)
    {
        if (_ended.IsCancellationRequested)
            return null;
        try
        {
            await _callback(_ended.Token);
        }
        catch (Exception error) when (!(error is OperationCanceledException && _ended.IsCancellationRequested))
        {
            SiloLog.TimerFailed(_activation.Silo.Logger, _activation.GrainId, error);
        }
        if (!_ended.IsCancellationRequested)
            _timer.Change(_period, Timeout.InfiniteTimeSpan);
        return null;
    }
}
