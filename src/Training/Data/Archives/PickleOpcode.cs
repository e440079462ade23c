namespace Atelier.Training.Data.Archives;

/// <summary>Opcodes of Python's pickle, protocol 2, as far as <see cref="PickleReader"/> accepts them (pickletools.py).</summary>
internal enum PickleOpcode : byte
{
    /// <summary>Protocol number, one byte.</summary>
    Protocol = 0x80,

    /// <summary>The end.</summary>
    Stop = (byte)'.',

    /// <summary>Begins the items of a tuple, list or dictionary.</summary>
    Mark = (byte)'(',

    /// <summary>Pushes None.</summary>
    None = (byte)'N',

    /// <summary>Pushes True.</summary>
    True = 0x88,

    /// <summary>Pushes False.</summary>
    False = 0x89,

    /// <summary>An int32.</summary>
    Int32 = (byte)'J',

    /// <summary>A uint8.</summary>
    UInt8 = (byte)'K',

    /// <summary>A uint16.</summary>
    UInt16 = (byte)'M',

    /// <summary>Bytes behind their length as an int32.</summary>
    Bytes = (byte)'T',

    /// <summary>Bytes behind their length as a uint8.</summary>
    ShortBytes = (byte)'U',

    /// <summary>An empty list.</summary>
    EmptyList = (byte)']',

    /// <summary>Adds an item to a list.</summary>
    Append = (byte)'a',

    /// <summary>Adds items to a list.</summary>
    Appends = (byte)'e',

    /// <summary>An empty dictionary.</summary>
    EmptyDictionary = (byte)'}',

    /// <summary>Adds a pair to a dictionary.</summary>
    SetItem = (byte)'s',

    /// <summary>Adds pairs to a dictionary.</summary>
    SetItems = (byte)'u',

    /// <summary>A tuple of what lies above the mark.</summary>
    Tuple = (byte)'t',

    /// <summary>A tuple of one.</summary>
    Tuple1 = 0x85,

    /// <summary>A tuple of two.</summary>
    Tuple2 = 0x86,

    /// <summary>A tuple of three.</summary>
    Tuple3 = 0x87,

    /// <summary>Remembers the top under a uint8.</summary>
    Put = (byte)'q',

    /// <summary>Remembers the top under a uint32.</summary>
    LongPut = (byte)'r',

    /// <summary>Pushes what a uint8 remembers.</summary>
    Get = (byte)'h',

    /// <summary>Pushes what a uint32 remembers.</summary>
    LongGet = (byte)'j',

    /// <summary>A name in a module. Here only a name: nothing is looked up.</summary>
    Global = (byte)'c',

    /// <summary>A call in Python; here an array or its type, made of plain values.</summary>
    Reduce = (byte)'R',

    /// <summary>Gives an object its state; here an array or its type.</summary>
    Build = (byte)'b',
}
