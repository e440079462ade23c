using System.Collections.Immutable;

namespace Orleans.Serialization;

/// <summary>Arrays of one dimension.</summary>
internal sealed class ArrayCopier<T> : ValueCopier
{
    public override object Copy(object value, CopySession session)
    {
        var original = (T[])value;
        if (Copiers.NeverChanges(typeof(T)))
            return session.Remember(value, original.Clone());
        var copy = session.Remember(value, new T[original.Length]);
        for (var i = 0; i < copy.Length; i++)
            copy[i] = (T)session.Copy(original[i])!;
        return copy;
    }
}

/// <summary>Lists.</summary>
internal sealed class ListCopier<T> : ValueCopier
{
    public override object Copy(object value, CopySession session)
    {
        var original = (List<T>)value;
        var copy = session.Remember(value, new List<T>(original.Count));
        foreach (var item in original)
            copy.Add((T)session.Copy(item)!);
        return copy;
    }
}

/// <summary>Sets.</summary>
internal sealed class HashSetCopier<T> : ValueCopier
{
    public override object Copy(object value, CopySession session)
    {
        var original = (HashSet<T>)value;
        var copy = session.Remember(value, new HashSet<T>(original.Count, original.Comparer));
        foreach (var item in original)
            copy.Add((T)session.Copy(item)!);
        return copy;
    }
}

/// <summary>Dictionaries.</summary>
internal sealed class DictionaryCopier<TKey, TValue> : ValueCopier where TKey : notnull
{
    public override object Copy(object value, CopySession session)
    {
        var original = (Dictionary<TKey, TValue>)value;
        var copy = session.Remember(value, new Dictionary<TKey, TValue>(original.Count, original.Comparer));
        foreach (var (key, item) in original)
            copy.Add((TKey)session.Copy(key)!, (TValue)session.Copy(item)!);
        return copy;
    }
}

/// <summary>Immutable arrays: their items may still change.</summary>
internal sealed class ImmutableArrayCopier<T> : ValueCopier
{
    public override object Copy(object value, CopySession session)
    {
        var original = (ImmutableArray<T>)value;
        return original.IsDefault || Copiers.NeverChanges(typeof(T)) ? value : original.Select(item => (T)session.Copy(item)!).ToImmutableArray();
    }
}

/// <summary>Immutable dictionaries: their values may still change.</summary>
internal sealed class ImmutableDictionaryCopier<TKey, TValue> : ValueCopier where TKey : notnull
{
    public override object Copy(object value, CopySession session)
    {
        var original = (ImmutableDictionary<TKey, TValue>)value;
        return original.ToImmutableDictionary(pair => (TKey)session.Copy(pair.Key)!, pair => (TValue)session.Copy(pair.Value)!, original.KeyComparer);
    }
}
