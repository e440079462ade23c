namespace TorchSharp.Interop;

/// <summary>From a status and raw results to owned tensors; the call is evaluated first, as the leftmost argument.</summary>
internal static class Results
{
    /// <summary>Checks the status and takes ownership of the result.</summary>
    internal static torch.Tensor Own(int status, nint result)
    {
        Native.Check(status);
        return new torch.Tensor(result);
    }

    /// <inheritdoc cref="Own(int, nint)"/>
    internal static (torch.Tensor, torch.Tensor) Own(int status, nint first, nint second)
    {
        Native.Check(status);
        return (new torch.Tensor(first), new torch.Tensor(second));
    }

    /// <inheritdoc cref="Own(int, nint)"/>
    internal static (torch.Tensor, torch.Tensor, torch.Tensor) Own(int status, nint first, nint second, nint third)
    {
        Native.Check(status);
        return (new torch.Tensor(first), new torch.Tensor(second), new torch.Tensor(third));
    }

    /// <summary>Checks the status, takes every tensor of the list, and frees the list.</summary>
    internal static torch.Tensor[] OwnList(int status, nint list)
    {
        Native.Check(status);
        try
        {
            Native.Check(Native.atorch_list_count(list, out var count));
            var tensors = new torch.Tensor[count];
            for (var i = 0; i < count; i++) tensors[i] = Own(Native.atorch_list_take(list, i, out var tensor), tensor);
            return tensors;
        }
        finally
        {
            Native.Check(Native.atorch_list_free(list));
        }
    }

    /// <summary>Checks the status and passes the value through.</summary>
    internal static T Get<T>(int status, T value)
    {
        Native.Check(status);
        return value;
    }

    /// <summary>
    /// The raw pointers of a list of tensors. The caller keeps the tensors alive over the call (<see cref="GC.KeepAlive"/>).
    /// </summary>
    internal static nint[] Pointers(IList<torch.Tensor>? tensors)
    {
        if (tensors is null) return [];
        var pointers = new nint[tensors.Count];
        for (var i = 0; i < pointers.Length; i++) pointers[i] = tensors[i].Handle;
        return pointers;
    }
}
