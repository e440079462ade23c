using Atelier.Protos;
using Grpc.Core;

namespace Atelier.Worker.Peers.States;

/// <summary>Sends the states that a worker holds to peers that ask for them.</summary>
internal sealed class StateSource
{
    private StateProvider? _provider;

    /// <summary>Knows the states; null until there are any.</summary>
    public StateProvider? Provider
    {
        get => Volatile.Read(ref _provider);
        set => Volatile.Write(ref _provider, value);
    }

    /// <summary>Answers a request.</summary>
    /// <exception cref="RpcException">NOT_FOUND: it is not held. ABORTED: it was taken back, or changed although it was to stand still.</exception>
    public async Task SendAsync(StateRequest request, IServerStreamWriter<StateChunk> responses, ServerCallContext call)
    {
        var version = (request.Version ?? new()).ToVersion();
        using var lease = Provider is { } provider ? await provider(request.Run, version, call.CancellationToken).ConfigureAwait(false) : null;
        if (lease is null || StateChunks.PositionOf(lease.State) != version.Position)
            throw new RpcException(new Status(StatusCode.NotFound, $"the state of run {request.Run} at {version} is not held here"));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(lease.Withdrawn, call.CancellationToken);
        try
        {
            foreach (var chunk in StateChunks.Of(lease.State, version))
            {
                if (StateChunks.PositionOf(lease.State) != version.Position)
                    throw Aborted($"the state went on to {StateChunks.PositionOf(lease.State)} while it was sent");
                await responses.WriteAsync(chunk, either.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (lease.Withdrawn.IsCancellationRequested && e is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled })
        {
            throw Aborted("it let the state go, or goes on with it, while it was sent");
        }
    }

    private static RpcException Aborted(string why) => new(new Status(StatusCode.Aborted, why));
}
