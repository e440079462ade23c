using Orleans.Serialization;

namespace Orleans.Runtime;

/// <summary>How a method answers: it turns what the method returned into a task, and a task into what a caller is to get.</summary>
internal abstract class Response
{
    /// <summary>Waits for what a grain's method returned, and copies its result in the same turn.</summary>
    public abstract Task<object?> WaitAsync(object? returned);

    /// <summary>What the reference returns to a caller.</summary>
    public abstract object? Promise(Task<object?> response);

    /// <summary>How methods of a return type answer.</summary>
    /// <returns>Null if they cannot be called from afar.</returns>
    public static Response? Of(Type returnType)
    {
        if (returnType == typeof(Task))
            return new TaskResponse();
        if (returnType == typeof(ValueTask))
            return new ValueTaskResponse();
        if (!IsPossible(returnType))
            return null;
        var response = returnType.GetGenericTypeDefinition() == typeof(Task<>) ? typeof(TaskResponse<>) : typeof(ValueTaskResponse<>);
        return (Response)Activator.CreateInstance(response.MakeGenericType(returnType.GetGenericArguments()))!;
    }

    /// <summary>Whether methods of a return type can be called from afar; the type may still have parameters of its own.</summary>
    public static bool IsPossible(Type returnType)
    {
        var type = returnType.IsGenericType ? returnType.GetGenericTypeDefinition() : returnType;
        return type == typeof(Task) || type == typeof(ValueTask) || type == typeof(Task<>) || type == typeof(ValueTask<>);
    }

    private static async Task<T> Typed<T>(Task<object?> response) => (T)(await response.ConfigureAwait(false))!;

    private sealed class TaskResponse : Response
    {
        public override async Task<object?> WaitAsync(object? returned)
        {
            await (Task)returned!;
            return null;
        }

        public override object Promise(Task<object?> response) => response;
    }

    private sealed class TaskResponse<T> : Response
    {
        public override async Task<object?> WaitAsync(object? returned) => CopySession.CopyOne(await (Task<T>)returned!);

        public override object Promise(Task<object?> response) => Typed<T>(response);
    }

    private sealed class ValueTaskResponse : Response
    {
        public override async Task<object?> WaitAsync(object? returned)
        {
            await (ValueTask)returned!;
            return null;
        }

        public override object Promise(Task<object?> response) => new ValueTask(response);
    }

    private sealed class ValueTaskResponse<T> : Response
    {
        public override async Task<object?> WaitAsync(object? returned) => CopySession.CopyOne(await (ValueTask<T>)returned!);

        public override object Promise(Task<object?> response) => new ValueTask<T>(Typed<T>(response));
    }
}
