namespace Atelier.Rpc.Tests.Transport;

/// <summary>A port under test, and what a client that means well does there.</summary>
/// <param name="number">The port on the loopback address.</param>
/// <param name="call">Calls it as a worker or a person does; throws if it is not served.</param>
/// <param name="close">Stops serving.</param>
internal sealed class HostilePort(int number, Func<Task> call, Func<ValueTask> close) : IAsyncDisposable
{
    /// <summary>The port on the loopback address.</summary>
    public int Number { get; } = number;

    /// <summary>Calls it as a worker or a person does.</summary>
    public Task CallAsync() => call();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => close();
}
