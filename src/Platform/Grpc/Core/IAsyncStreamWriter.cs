namespace Grpc.Core;

/// <summary>A stream of messages to write, one after the other: a write begins when the last has ended.</summary>
public interface IAsyncStreamWriter<in T>
{
    /// <summary>How messages are written from now on.</summary>
    WriteOptions? WriteOptions { get; set; }

    /// <summary>Writes a message; ends when the transport has taken it.</summary>
    Task WriteAsync(T message);

    /// <summary>Writes a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="cancellationToken">Gives the whole call up, not only this write.</param>
    Task WriteAsync(T message, CancellationToken cancellationToken) =>
        cancellationToken.CanBeCanceled
            ? throw new NotSupportedException("this stream cannot cancel a write")
            : WriteAsync(message);
}
