using Atelier.Rpc.Health.V1;
using Grpc.Core;
using static Atelier.Rpc.Health.V1.HealthCheckResponse.Types;

namespace Atelier.Rpc.Health;

/// <summary>
/// Tells health checkers (Kubernetes' gRPC probes among them) whether this process serves. It is registered as a singleton and
/// mapped as any service; who knows the state sets it.
/// </summary>
public sealed class HealthService : V1.Health.HealthBase
{
    /// <summary>The name that stands for the whole server.</summary>
    public const string WholeServer = "";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, ServingStatus> _statuses = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = NewChange();

    /// <summary>Sets a service's status and tells its watchers.</summary>
    /// <param name="service">The service with its package, or <see cref="WholeServer"/>.</param>
    /// <param name="isServing">Whether it takes calls.</param>
    public void Set(string service, bool isServing)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _statuses[service] = isServing ? ServingStatus.Serving : ServingStatus.NotServing;
            (changed, _changed) = (_changed, NewChange());
        }
        changed.SetResult();
    }

    /// <inheritdoc/>
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        var (status, _) = StatusOf(request.Service);
        return status == ServingStatus.ServiceUnknown
            ? throw new RpcException(new Status(StatusCode.NotFound, $"no service '{request.Service}' has a health here"))
            : Task.FromResult(new HealthCheckResponse { Status = status });
    }

    /// <inheritdoc/>
    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        ServingStatus? told = null;
        while (true)
        {
            var (status, changed) = StatusOf(request.Service);
            if (status != told) await responseStream.WriteAsync(new HealthCheckResponse { Status = status }, context.CancellationToken);
            told = status;
            await changed.WaitAsync(context.CancellationToken);
        }
    }

    // Together, so that no change falls between the two.
    private (ServingStatus Status, Task Changed) StatusOf(string service)
    {
        lock (_lock)
            return (_statuses.GetValueOrDefault(service, ServingStatus.ServiceUnknown), _changed.Task);
    }

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
