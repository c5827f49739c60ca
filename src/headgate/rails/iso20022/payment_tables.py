"""The messages that move money or say what became of it: pacs.008, pacs.002, pacs.004, pacs.028; and admi.002, head.001."""

from __future__ import annotations

from headgate.rails.iso20022.parts import SHARED
from headgate.rails.iso20022.spec import parse_table

HEADER = parse_table(
    """
AppHdr
  CharSet?           text40
  Fr                 choice
    OrgId            Party
    FIId             Bank
  To                 choice
    OrgId            Party
    FIId             Bank
  BizMsgIdr          text35
  MsgDefIdr          text35
  BizSvc?            text35
  MktPrctc?
    Regy             text350
    Id               text2048
  CreDt              datetime
  BizPrcgDt?         datetime
  CpyDplct?          one:CODU,COPY,DUPL
  PssblDplct?        bool
  Prty?              text4
  Sgntr?             any
  Rltd*              any
""",
    SHARED,
)
"""The business application header; version 1 lacks MktPrctc and BizPrcgDt and is read by the same table."""

CREDIT_TRANSFER = parse_table(
    """
FIToFICstmrCdtTrf
  GrpHdr
    MsgId            text35
    CreDtTm          datetime
    BtchBookg?       bool
    NbOfTxs          count
    CtrlSum?         decimal
    TtlIntrBkSttlmAmt? amount
    IntrBkSttlmDt?   date
    SttlmInf         Settlement
    PmtTpInf?        PaymentType
    InstgAgt?        Bank
    InstdAgt?        Bank
  CdtTrfTxInf+
    PmtId
      InstrId?       text35
      EndToEndId     text35
      TxId?          text35
      UETR?          uuid4
      ClrSysRef?     text35
    PmtTpInf?        PaymentType
    IntrBkSttlmAmt   amount
    IntrBkSttlmDt?   date
    SttlmPrty?       one:URGT,HIGH,NORM
    SttlmTmIndctn?
      DbtDtTm?       datetime
      CdtDtTm?       datetime
    SttlmTmReq?
      CLSTm?         time
      TillTm?        time
      FrTm?          time
      RjctTm?        time
    AccptncDtTm?     datetime
    PoolgAdjstmntDt? date
    InstdAmt?        amount
    XchgRate?        decimal
    ChrgBr           one:DEBT,CRED,SHAR,SLEV
    ChrgsInf*        any
    PrvsInstgAgt1?   Bank
    PrvsInstgAgt1Acct? Account
    PrvsInstgAgt2?   Bank
    PrvsInstgAgt2Acct? Account
    PrvsInstgAgt3?   Bank
    PrvsInstgAgt3Acct? Account
    InstgAgt?        Bank
    InstdAgt?        Bank
    IntrmyAgt1?      Bank
    IntrmyAgt1Acct?  Account
    IntrmyAgt2?      Bank
    IntrmyAgt2Acct?  Account
    IntrmyAgt3?      Bank
    IntrmyAgt3Acct?  Account
    UltmtDbtr?       Party
    InitgPty?        Party
    Dbtr             Party
    DbtrAcct?        Account
    DbtrAgt          Bank
    DbtrAgtAcct?     Account
    CdtrAgt          Bank
    CdtrAgtAcct?     Account
    Cdtr             Party
    CdtrAcct?        Account
    UltmtCdtr?       Party
    InstrForCdtrAgt*
      Cd?            code4
      InstrInf?      text140
    InstrForNxtAgt*
      Cd?            code4
      InstrInf?      text140
    Purp?            CodeOrText
    RgltryRptg{10}   any
    Tax?             any
    RltdRmtInf{10}   any
    RmtInf?          Remittance
    SplmtryData*     any
  SplmtryData*       any
""",
    SHARED,
)

STATUS_REPORT = parse_table(
    """
FIToFIPmtStsRpt
  GrpHdr             StatusHeader
  OrgnlGrpInfAndSts*
    OrgnlMsgId       text35
    OrgnlMsgNmId     text35
    OrgnlCreDtTm?    datetime
    OrgnlNbOfTxs?    count
    OrgnlCtrlSum?    decimal
    GrpSts?          code4
    StsRsnInf*       Reason
    NbOfTxsPerSts*   StatusCounts
  TxInfAndSts*
    StsId?           text35
    OrgnlGrpInf?     Original
    OrgnlInstrId?    text35
    OrgnlEndToEndId? text35
    OrgnlTxId?       text35
    OrgnlUETR?       uuid4
    TxSts?           code4
    StsRsnInf*       Reason
    ChrgsInf*        any
    AccptncDtTm?     datetime
    FctvIntrBkSttlmDt? DateOrTime
    AcctSvcrRef?     text35
    ClrSysRef?       text35
    InstgAgt?        Bank
    InstdAgt?        Bank
    OrgnlTxRef?      OriginalTransaction
    SplmtryData*     any
  SplmtryData*       any
""",
    SHARED,
)

PAYMENT_RETURN = parse_table(
    """
PmtRtr
  GrpHdr
    MsgId            text35
    CreDtTm          datetime
    Authstn{2}       choice
      Cd             one:AUTH,FDET,FSUM,ILEV
      Prtry          text128
    BtchBookg?       bool
    NbOfTxs          count
    CtrlSum?         decimal
    GrpRtr?          bool
    TtlRtrdIntrBkSttlmAmt? amount
    IntrBkSttlmDt?   date
    SttlmInf         Settlement
    InstgAgt?        Bank
    InstdAgt?        Bank
  OrgnlGrpInf?
    OrgnlMsgId       text35
    OrgnlMsgNmId     text35
    OrgnlCreDtTm?    datetime
    RtrRsnInf*       Reason
  TxInf*
    RtrId?           text35
    OrgnlGrpInf?     Original
    OrgnlInstrId?    text35
    OrgnlEndToEndId? text35
    OrgnlTxId?       text35
    OrgnlUETR?       uuid4
    OrgnlClrSysRef?  text35
    OrgnlIntrBkSttlmAmt? amount
    OrgnlIntrBkSttlmDt? date
    RtrdIntrBkSttlmAmt amount
    IntrBkSttlmDt?   date
    SttlmPrty?       one:URGT,HIGH,NORM
    SttlmTmIndctn?
      DbtDtTm?       datetime
      CdtDtTm?       datetime
    RtrdInstdAmt?    amount
    XchgRate?        decimal
    CompstnAmt?      amount
    ChrgBr?          one:DEBT,CRED,SHAR,SLEV
    ChrgsInf*        any
    ClrSysRef?       text35
    InstgAgt?        Bank
    InstdAgt?        Bank
    RtrChain?
      UltmtDbtr?     PartyOrBank
      Dbtr           PartyOrBank
      DbtrAcct?      Account
      InitgPty?      PartyOrBank
      DbtrAgt?       Bank
      DbtrAgtAcct?   Account
      PrvsInstgAgt1? Bank
      PrvsInstgAgt1Acct? Account
      PrvsInstgAgt2? Bank
      PrvsInstgAgt2Acct? Account
      PrvsInstgAgt3? Bank
      PrvsInstgAgt3Acct? Account
      IntrmyAgt1?    Bank
      IntrmyAgt1Acct? Account
      IntrmyAgt2?    Bank
      IntrmyAgt2Acct? Account
      IntrmyAgt3?    Bank
      IntrmyAgt3Acct? Account
      CdtrAgt?       Bank
      CdtrAgtAcct?   Account
      Cdtr           PartyOrBank
      CdtrAcct?      Account
      UltmtCdtr?     PartyOrBank
    RtrRsnInf*       Reason
    OrgnlTxRef?      any
    SplmtryData*     any
  SplmtryData*       any
""",
    SHARED,
)

STATUS_REQUEST = parse_table(
    """
FIToFIPmtStsReq
  GrpHdr             StatusHeader
  OrgnlGrpInf*
    OrgnlMsgId       text35
    OrgnlMsgNmId     text35
    OrgnlCreDtTm?    datetime
    OrgnlNbOfTxs?    count
    OrgnlCtrlSum?    decimal
  TxInf*
    StsReqId?        text35
    OrgnlGrpInf?     Original
    OrgnlInstrId?    text35
    OrgnlEndToEndId? text35
    OrgnlTxId?       text35
    OrgnlUETR?       uuid4
    AccptncDtTm?     datetime
    ClrSysRef?       text35
    InstgAgt?        Bank
    InstdAgt?        Bank
    OrgnlTxRef?      OriginalTransaction
    SplmtryData*     any
  SplmtryData*       any
""",
    SHARED,
)

MESSAGE_REJECT = parse_table(
    """
admi.002.001.01
  RltdRef
    Ref              text35
  Rsn
    RjctgPtyRsn      text35
    RjctnDtTm?       datetime
    ErrLctn?         text350
    RsnDesc?         text350
    AddtlData?       text20000
""",
    SHARED,
)
"""The network's refusal of a message at its door; it says which, and not what became of the payment in it."""
