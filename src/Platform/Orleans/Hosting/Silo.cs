using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Orleans.Runtime;

/// <summary>The one silo of the process: the activations, the observers, and the way of a call to them.</summary>
internal sealed class Silo : IHostedService, IDisposable
{
    private const string ObserverType = "sys.client";

    private readonly ConcurrentDictionary<GrainId, Lazy<Activation>> _activations = new();
    private readonly ConcurrentDictionary<GrainId, Observer> _observers = new();
    private readonly IServiceScopeFactory _scopes;
    private readonly TimeSpan _responseTimeout;
    private readonly bool _clustered;
    private ITimer? _collector;
    private volatile bool _running;

    public Silo(
        IServiceScopeFactory scopes, TimeProvider time, ILogger<Silo> logger, IOptions<GrainCollectionOptions> collection, IOptions<SiloMessagingOptions> messaging,
        IEnumerable<Clustering> clustering)
    {
        _scopes = scopes;
        Time = time;
        Logger = logger;
        Options = collection.Value;
        _responseTimeout = messaging.Value.ResponseTimeout;
        _clustered = clustering.Any();
        Factory = new ReferenceFactory(this);
    }

    public TimeProvider Time { get; }

    public ILogger Logger { get; }

    public GrainCollectionOptions Options { get; }

    public GrainClasses Classes { get; } = new();

    public ReferenceFactory Factory { get; }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (!_clustered)
            throw new OrleansConfigurationException("The silo has no clustering: call UseLocalhostClustering.");
        if (Options.CollectionAge <= Options.CollectionQuantum)
            throw new OrleansConfigurationException($"CollectionAge ({Options.CollectionAge}) must be more than CollectionQuantum ({Options.CollectionQuantum}).");
        using (FlowSuppression.Enter())
            _collector = Time.CreateTimer(_ => CollectIdle(), null, Options.CollectionQuantum, Options.CollectionQuantum);
        _running = true;
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _running = false;
        _collector?.Dispose();
        // A call on its way may still have made an activation while the flag changed, hence again until none is left.
        while (_activations.Values.Select(activation => activation.Value).ToList() is { Count: > 0 } all)
        {
            foreach (var activation in all)
                activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ShuttingDown, "The silo stops."), cancellationToken);
            await Task.WhenAll(all.Select(activation => activation.Deactivated)).WaitAsync(cancellationToken);
        }
    }

    public void Dispose() => _collector?.Dispose();

    /// <summary>Sends a call and waits for its response.</summary>
    /// <exception cref="TimeoutException">There is none in time; the call itself may still run.</exception>
    public async Task<object?> CallAsync(GrainId id, Request request)
    {
        ITimer timer;
        using (FlowSuppression.Enter())
            timer = Time.CreateTimer(_ => request.Fail(new TimeoutException($"No response came in {_responseTimeout} to {request.Chain}.")), null, _responseTimeout, Timeout.InfiniteTimeSpan);
        using (timer)
        {
            Dispatch(id, request);
            return await request.Response.ConfigureAwait(false);
        }
    }

    /// <summary>Sends a call whose end nobody waits for; a failure is logged.</summary>
    public Task<object?> Post(GrainId id, Request request)
    {
        Dispatch(id, request);
        _ = LogFailureAsync(request);
        return Task.FromResult<object?>(null);
    }

    /// <summary>Brings a request to its grain, which is activated for it, or to its observer.</summary>
    public void Dispatch(GrainId id, Request request)
    {
        if (id.Type.ToString() == ObserverType)
        {
            if (_observers.TryGetValue(id, out var observer))
                observer.Enqueue(request);
            else
                request.Fail(new ClientNotAvailableException(id));
            return;
        }
        while (Find(id) is { } activation)
        {
            if (activation.TryEnqueue(request))
                return;
        }
        request.Fail(new SiloUnavailableException($"The silo does not run, and {request.Name} needs it."));
    }

    /// <summary>Takes an activation out that has ended.</summary>
    public void Forget(Activation activation) => _activations.TryRemove(activation.GrainId, out _);

    public GrainId AddObserver(IGrainObserver instance)
    {
        var id = GrainId.Create(ObserverType, Guid.NewGuid().ToString("N"));
        _observers[id] = new Observer(id, instance);
        return id;
    }

    public bool RemoveObserver(GrainId id) => _observers.TryRemove(id, out _);

    /// <summary>A grain's activation. While the silo stops, only those that are there.</summary>
    private Activation? Find(GrainId id)
    {
        if (_running)
            return _activations.GetOrAdd(id, key => new Lazy<Activation>(() => Activate(key))).Value;
        return _activations.TryGetValue(id, out var found) ? found.Value : null;
    }

    private Activation Activate(GrainId id)
    {
        var activation = new Activation(this, id, _scopes);
        activation.Start();
        return activation;
    }

    private void CollectIdle()
    {
        foreach (var activation in _activations.Values.Where(activation => activation.IsValueCreated))
            activation.Value.DeactivateIfIdle(Options.CollectionAge);
    }

    private async Task LogFailureAsync(Request request)
    {
        try
        {
            await request.Response.ConfigureAwait(false);
        }
        catch (Exception error)
        {
            SiloLog.OneWayFailed(Logger, request.Name, error);
        }
    }
}
