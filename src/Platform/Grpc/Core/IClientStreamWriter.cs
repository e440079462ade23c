namespace Grpc.Core;

/// <summary>A client's stream of requests.</summary>
public interface IClientStreamWriter<in T> : IAsyncStreamWriter<T>
{
    /// <summary>Says that there will be no more requests.</summary>
    Task CompleteAsync();
}
