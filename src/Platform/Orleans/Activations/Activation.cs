using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Orleans.Runtime;

/// <summary>A grain in memory: its instance, the requests that wait for it, and its way from activation to its end.</summary>
internal sealed class Activation : IGrainContext
{
    [ThreadStatic]
    private static Activation? _underConstruction;

    private readonly Lock _gate = new();
    private readonly TurnScheduler _turns = new();
    private readonly RequestQueue _requests = new();
    private readonly List<GrainTimer> _timers = [];
    private readonly TaskCompletionSource _deactivated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly AsyncServiceScope _scope;
    private ActivationStage _stage = ActivationStage.Activating;
    private DeactivationReason _reason;
    private IGrainBase? _instance;
    private DateTimeOffset _idleFrom;
    private DateTimeOffset _keptUntil;
    private bool _ended;

    public Activation(Silo silo, GrainId id, IServiceScopeFactory scopes)
    {
        Silo = silo;
        GrainId = id;
        _scope = scopes.CreateAsyncScope();
        _idleFrom = silo.Time.GetUtcNow();
    }

    /// <summary>The activation whose instance is being constructed on this thread.</summary>
    public static Activation? UnderConstruction => _underConstruction;

    public Silo Silo { get; }

    public GrainId GrainId { get; }

    public object? GrainInstance => _instance;

    public IServiceProvider ActivationServices => _scope.ServiceProvider;

    public Task Deactivated => _deactivated.Task;

    /// <summary>Makes the instance; requests run as soon as it is active.</summary>
    public void Start()
    {
        var activating = new Request($"{GrainId}.OnActivateAsync", caller: null, _ => Task.FromResult<object?>(null));
        lock (_gate)
            _requests.Begin(activating);
        _turns.Start(() => ActivateAsync(activating));
    }

    /// <summary>Adds a request.</summary>
    /// <returns>False if the activation is closed, and another one has to be found.</returns>
    public bool TryEnqueue(Request request)
    {
        Request? deadlock;
        lock (_gate)
        {
            if (_stage == ActivationStage.Closed)
                return false;
            deadlock = _requests.Add(request);
            RunNext();
        }
        if (deadlock is not null)
            request.Fail(new DeadlockException(request, deadlock));
        return true;
    }

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        lock (_gate)
            End(deactivationReason);
    }

    /// <summary>Ends the activation if it was not used for a time.</summary>
    public void DeactivateIfIdle(TimeSpan age)
    {
        lock (_gate)
        {
            var now = Silo.Time.GetUtcNow();
            if (_stage == ActivationStage.Active && _requests.IsEmpty && now - _idleFrom >= age && now >= _keptUntil)
                End(new DeactivationReason(DeactivationReasonCode.ActivationIdle, $"Nobody has called for {age}."));
        }
    }

    /// <summary>Puts off idle deactivation.</summary>
    public void KeepFor(TimeSpan time)
    {
        lock (_gate)
        {
            var now = Silo.Time.GetUtcNow();
            _keptUntil = time < DateTimeOffset.MaxValue - now ? now + time : DateTimeOffset.MaxValue;
        }
    }

    /// <summary>Checks that a member which belongs to the grain is used in one of its turns.</summary>
    /// <exception cref="InvalidOperationException">It is not, for instance after <c>ConfigureAwait(false)</c>.</exception>
    public void RequireTurn()
    {
        if (!_turns.IsCurrent)
            throw new InvalidOperationException($"This belongs to the grain {GrainId}; use it in a turn of the grain, not on another thread.");
    }

    public IGrainTimer StartTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        RequireTurn();
        var timer = new GrainTimer(this, callback, options);
        lock (_gate)
            _timers.Add(timer);
        return timer;
    }

    public void Forget(GrainTimer timer)
    {
        lock (_gate)
            _timers.Remove(timer);
    }

    private async Task ActivateAsync(Request activating)
    {
        Request.Current = activating;
        try
        {
            var (instance, states) = Construct();
            _instance = instance;
            foreach (var state in states)
                await state.LoadAsync();
            using var late = new CancellationTokenSource(Silo.Options.ActivationTimeout, Silo.Time);
            await instance.OnActivateAsync(late.Token);
        }
        catch (Exception error)
        {
            await CloseAsync(new DeactivationReason(DeactivationReasonCode.ActivationFailed, error, "The grain could not be activated."));
            return;
        }
        lock (_gate)
        {
            _requests.End(activating);
            if (_stage == ActivationStage.Activating)
                _stage = ActivationStage.Active;
            RunNext();
        }
    }

    private (IGrainBase Instance, IReadOnlyList<StateRecord> States) Construct()
    {
        _underConstruction = this;
        try
        {
            return GrainConstruction.Make(Silo.Classes.Of(GrainId.Type), this);
        }
        finally
        {
            _underConstruction = null;
        }
    }

    /// <summary>Starts what may run now. Under the lock.</summary>
    private void RunNext()
    {
        while (_stage == ActivationStage.Active && _requests.TakeNext() is { } request)
            _turns.Start(() => RunAsync(request));
        if (_stage == ActivationStage.Ending && _requests.IsQuiet && !_ended)
        {
            _ended = true;
            var ending = new Request($"{GrainId}.OnDeactivateAsync", caller: null, _ => Task.FromResult<object?>(null));
            _requests.Begin(ending);
            _turns.Start(() => DeactivateAsync(ending));
        }
    }

    private async Task RunAsync(Request request)
    {
        Request.Current = request;
        object? result = null;
        Exception? failure = null;
        try
        {
            result = await request.Body(_instance!);
        }
        catch (Exception error)
        {
            failure = error;
            if (error is InconsistentStateException { IsSourceActivation: true } conflict)
            {
                conflict.IsSourceActivation = false;
                Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationError, error, "Its state is not the stored one."));
            }
        }
        // Who gets the response finds a grain that has done with the call.
        lock (_gate)
        {
            _requests.End(request);
            if (request.KeepsAlive)
                _idleFrom = Silo.Time.GetUtcNow();
            RunNext();
        }
        if (failure is null)
            request.Complete(result);
        else
            request.Fail(failure);
    }

    /// <summary>Begins the end. Under the lock.</summary>
    private void End(DeactivationReason reason)
    {
        if (_stage >= ActivationStage.Ending)
            return;
        _stage = ActivationStage.Ending;
        _reason = reason;
        RunNext();
    }

    private async Task DeactivateAsync(Request ending)
    {
        Request.Current = ending;
        StopTimers();
        try
        {
            using var late = new CancellationTokenSource(Silo.Options.DeactivationTimeout, Silo.Time);
            await _instance!.OnDeactivateAsync(_reason, late.Token);
        }
        catch (Exception error)
        {
            SiloLog.DeactivationFailed(Silo.Logger, GrainId, error);
        }
        await CloseAsync(_reason);
    }

    private async Task CloseAsync(DeactivationReason reason)
    {
        StopTimers();
        try
        {
            if (_instance is IAsyncDisposable asynchronous)
                await asynchronous.DisposeAsync();
            else
                (_instance as IDisposable)?.Dispose();
            await _scope.DisposeAsync();
        }
        catch (Exception error)
        {
            SiloLog.DeactivationFailed(Silo.Logger, GrainId, error);
        }

        // Out of the table first: who still finds this activation waits here and is sent on below.
        Silo.Forget(this);
        IReadOnlyList<Request> waiting;
        lock (_gate)
        {
            _stage = ActivationStage.Closed;
            waiting = _requests.TakeAll();
        }
        foreach (var request in waiting.Where(request => !request.EndsWithActivation))
        {
            if (reason.Exception is { } error && reason.ReasonCode == DeactivationReasonCode.ActivationFailed)
                request.Fail(error);
            else
                Silo.Dispatch(GrainId, request);
        }
        _deactivated.TrySetResult();
    }

    private void StopTimers()
    {
        GrainTimer[] timers;
        lock (_gate)
            timers = [.. _timers];
        foreach (var timer in timers)
            timer.Dispose();
    }
}
