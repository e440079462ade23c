namespace Grpc.Core.Interceptors;

/// <summary>Puts something between a client and its invoker.</summary>
public static class CallInvokerExtensions
{
    /// <summary>An invoker that changes the headers of every call: a token, for one.</summary>
    public static CallInvoker Intercept(this CallInvoker invoker, Func<Metadata, Metadata> interceptor)
    {
        ArgumentNullException.ThrowIfNull(invoker);
        ArgumentNullException.ThrowIfNull(interceptor);
        return new MetadataInterceptor(invoker, interceptor);
    }
}
