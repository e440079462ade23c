namespace Grpc.Core;

/// <summary>A server's stream of responses; the handler's return ends it.</summary>
public interface IServerStreamWriter<in T> : IAsyncStreamWriter<T>;
